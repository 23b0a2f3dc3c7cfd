package api

import "github.com/burnish-photo/burnish/plugin"

// Undo puts photos' files back as they were, a page of the journal a call.
const Undo Verb[plugin.UndoRequest, plugin.UndoPage] = "POST /v1/undo"

// Verify compares the records with their files, for about a second a call.
const Verify Verb[plugin.VerifyRequest, plugin.VerifyPage] = "POST /v1/verify"
