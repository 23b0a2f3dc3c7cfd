package api

import "github.com/burnish-photo/burnish/plugin"

// Undo puts photos' files back as they were, a page of the journal a call.
const Undo Verb[plugin.UndoRequest, plugin.UndoPage] = "POST /v1/undo"
