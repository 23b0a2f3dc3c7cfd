package metadata

import "encoding/binary"

// iptcParts are the classes that a dataset of record 2 belongs to.
func iptcParts(dataset byte) []string {
	switch dataset {
	case 26, 27, 90, 92, 95, 100, 101:
		return []string{"gps"}
	case 30, 35, 37, 38, 47, 55, 60, 62, 63, 70:
		return []string{"dates"}
	case 80, 85, 110, 115, 116, 118, 122:
		return []string{"copyright"}
	case 5, 10, 15, 20, 25, 40, 103, 105, 120:
		return []string{"description"}
	}
	return nil
}

// keepIPTC is the block without the datasets that do not stay; nil where only
// those of the envelope would. Datasets (IIM 4.2) that cannot be told apart
// end it.
func (p Policy) keepIPTC(data []byte) (left []byte) {
	if p.Allows("iptc") && p.KeepsAll() {
		return data
	}
	some := false
	for len(data) >= 5 && data[0] == 0x1c {
		size := 5 + int(binary.BigEndian.Uint16(data[3:]))
		if size > len(data) || data[3]&0x80 != 0 {
			break
		}
		switch record := data[1]; {
		case record == 2 && data[2] != 0 && p.Allows("iptc", iptcParts(data[2])...):
			left, some = append(left, data[:size]...), true
		case record != 2 || data[2] == 0:
			left = append(left, data[:size]...)
		}
		data = data[size:]
	}
	if !some {
		return nil
	}
	return left
}

// dataset is the text of the first dataset of record 2 with that number.
func dataset(data []byte, number byte) string {
	for len(data) >= 5 && data[0] == 0x1c {
		size := 5 + int(binary.BigEndian.Uint16(data[3:]))
		if size > len(data) || data[3]&0x80 != 0 {
			return ""
		}
		if data[1] == 2 && data[2] == number {
			return string(data[5:size])
		}
		data = data[size:]
	}
	return ""
}
