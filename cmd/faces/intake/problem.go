package intake

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/plugin"
)

// The statuses of HTTP that a [Problem] has.
const (
	statusBad      = http.StatusBadRequest
	statusSlow     = http.StatusRequestTimeout
	statusChanged  = http.StatusConflict
	statusTooLarge = http.StatusRequestEntityTooLarge
	statusUnfit    = http.StatusUnprocessableEntity
	statusBusy     = http.StatusTooManyRequests
	statusFailed   = http.StatusInternalServerError
	statusHeld     = http.StatusServiceUnavailable
	statusLate     = http.StatusGatewayTimeout
	statusFull     = http.StatusInsufficientStorage

	// StatusGone stands for a client that does not wait for an answer.
	StatusGone = 499
)

// Problem is why there is no output.
type Problem struct {
	Status     int           // of HTTP
	Detail     string        // what is wrong, for people
	Hint       string        // what to do about it; "" for nothing
	Kind       plugin.Kind   // of a photo's failure; "" for others
	Key        string        // of the configuration's limit that was met; "" for none
	RetryAfter time.Duration // when another try makes sense; 0: it is not said
}

// Error is what is wrong and what to do about it.
func (p *Problem) Error() string {
	if p.Hint == "" {
		return p.Detail
	}
	return p.Detail + "; " + p.Hint
}

// errLate ends a photo that takes too long.
var errLate = errors.New("the photo took longer than faces.timeout allows")

// limitKey finds the key of a limit in a failure's text.
var limitKey = regexp.MustCompile(`limits\.[a-z_]+`)

// statuses are those of a photo's failures.
var statuses = map[plugin.Kind]int{
	plugin.NotImage: statusUnfit, plugin.Unsupported: statusUnfit, plugin.Damaged: statusUnfit, plugin.Unfit: statusUnfit, plugin.Crashed: statusUnfit,
	plugin.TooLarge: statusTooLarge, plugin.Changed: statusChanged, plugin.Swapped: statusChanged,
	plugin.Starved: statusHeld, plugin.Stopped: statusHeld, plugin.Unreadable: statusUnfit,
}

// problemOf is any error as a Problem.
func problemOf(err error) *Problem {
	var p *Problem
	var failure *plugin.Error
	var held interface{ Held() bool }
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, errLate):
		return &Problem{Status: statusLate, Key: "faces.timeout", Detail: err.Error()}
	case errors.Is(err, context.Canceled):
		return &Problem{Status: StatusGone, Detail: "the client has gone"}
	case errors.As(err, &held) && held.Held():
		return &Problem{Status: statusHeld, Detail: err.Error(), RetryAfter: time.Minute}
	case errors.As(err, &failure):
		return ofFailure(failure)
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return full("no space is left below the state folder: free some")
	case errors.Is(err, errSlow) || errors.Is(err, os.ErrDeadlineExceeded):
		return &Problem{Status: statusSlow, Detail: "the body came too slowly"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Problem{Status: statusBad, Detail: "the body ended early"}
	}
	return &Problem{Status: statusFailed, Detail: err.Error()}
}

func ofFailure(f *plugin.Error) *Problem {
	p := &Problem{Status: statuses[f.Kind], Detail: f.Reason(), Hint: f.Hint, Kind: f.Kind}
	if f.Err != nil {
		p.Detail = f.Err.Error()
	}
	switch p.Status {
	case 0:
		p.Status = statusFailed
	case statusTooLarge:
		p.Key = limitKey.FindString(f.Error())
	case statusHeld:
		p.RetryAfter = 30 * time.Second
	}
	if errors.Is(f, syscall.ENOSPC) {
		p.Status = statusFull
	}
	return p
}
