package ops

import "errors"

// sharedError is a failure of what photos share.
type sharedError struct{ error }

func (e sharedError) Unwrap() error { return e.error }

// Shared marks an operator's failure whose cause lies in what it works with, a
// device or a model, rather than in the photo: others are likely to fail the
// same way. All other failures of operators count as those of the photo.
func Shared(err error) error {
	if err == nil {
		return nil
	}
	return sharedError{err}
}

// IsShared reports whether err was marked by [Shared].
func IsShared(err error) bool {
	return errors.As(err, new(sharedError))
}
