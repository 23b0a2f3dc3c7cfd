package worker

import (
	"errors"
	"reflect"
	"testing"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin"
)

// full sets every field below v to something.
func full(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("\xff " + v.Type().Name())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(1_234_567_891)
	case reflect.Float64:
		v.SetFloat(0.1)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				full(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		full(v.Index(0))
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		full(key)
		full(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		full(v.Elem())
	}
}

// Nothing that a daemon and its worker tell each other is lost on the way, not
// even names that are no UTF-8.
func TestMessagesAreWhole(t *testing.T) {
	for _, sent := range []any{&plugin.Job{}, &plugin.Result{}, &setup{}, &opened{}, &answer{}, &stalledRequest{}, &stalled{}, &death{}, &api.Failures{}, &api.Requeued{}} {
		full(reflect.ValueOf(sent).Elem())
		data, err := api.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		got := reflect.New(reflect.TypeOf(sent).Elem()).Interface()
		if err := api.Unmarshal(data, got); err != nil {
			t.Errorf("%T: %v", sent, err)
		}
		if !reflect.DeepEqual(got, sent) {
			t.Errorf("%T: got\n%+v, want\n%+v", sent, got, sent)
		}
	}
	failure := &plugin.Error{Path: "/in/\xff.jpg", Kind: plugin.Damaged, Err: errors.New("cannot be decoded"), Quarantined: true, Own: true}
	if got := api.NewProblem(failure).Err(); got.Error() != failure.Error() || !got.(*plugin.Error).Quarantined || !got.(*plugin.Error).Own {
		t.Errorf("got %+v", got)
	}
}
