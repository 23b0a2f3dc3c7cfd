package api

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"unicode/utf8"
)

// dataURI begins a string that JSON cannot hold: a name of a file is any bytes,
// and one that is not UTF-8 crosses the wire as an RFC 2397 data URI.
const dataURI = "data:;base64,"

// Marshal encodes a message as JSON. No string in it is changed on its way to
// [Unmarshal], whatever bytes it holds.
func Marshal(v any) ([]byte, error) {
	copied := reflect.New(reflect.TypeOf(v)).Elem()
	copied.Set(mapped(reflect.ValueOf(v), encodeString))
	return json.Marshal(copied.Interface())
}

// Unmarshal decodes what Marshal encoded into the value that v points to.
func Unmarshal(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return err
	}
	at := reflect.ValueOf(v).Elem()
	at.Set(mapped(at, decodeString))
	return nil
}

func encodeString(s string) string {
	if utf8.ValidString(s) && !strings.HasPrefix(s, dataURI) {
		return s
	}
	return dataURI + base64.StdEncoding.EncodeToString([]byte(s))
}

func decodeString(s string) string {
	encoded, ok := strings.CutPrefix(s, dataURI)
	if !ok {
		return s
	}
	bytes, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return s
	}
	return string(bytes)
}

// mapped is a deep copy of v with f applied to every string that JSON would
// hold, the keys of maps among them.
func mapped(v reflect.Value, f func(string) string) reflect.Value {
	to := reflect.New(v.Type()).Elem()
	to.Set(v)
	switch v.Kind() {
	case reflect.String:
		to.SetString(f(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			to.Set(reflect.New(v.Type().Elem()))
			to.Elem().Set(mapped(v.Elem(), f))
		}
	case reflect.Interface:
		if !v.IsNil() {
			to.Set(mapped(v.Elem(), f))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				to.Field(i).Set(mapped(v.Field(i), f))
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			to.Index(i).Set(mapped(v.Index(i), f))
		}
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			break
		}
		to.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			to.Index(i).Set(mapped(v.Index(i), f))
		}
	case reflect.Map:
		if v.IsNil() {
			break
		}
		to.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for _, key := range v.MapKeys() {
			to.SetMapIndex(mapped(key, f), mapped(v.MapIndex(key), f))
		}
	}
	return to
}
