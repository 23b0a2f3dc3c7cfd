package device

import "testing"

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"": "auto", "auto": "auto", " CPU ": "cpu", "cuda": "cuda:0", "cuda:3": "cuda:3", "TensorRT:1": "tensorrt:1",
		"OpenVINO?device_type=GPU": "openvino:0", "webgpu:1": "webgpu:1", "FancyExecutionProvider": "FancyExecutionProvider:0",
	} {
		if d, err := Parse(in); err != nil || d.String() != want {
			t.Errorf("%q: %v, %v", in, d, err)
		}
	}
	for _, in := range []string{"gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:0", "auto:1", ":1", "cuda 1", "cpu?threads=2", "ExecutionProvider", "cuda?a;b"} {
		if d, err := Parse(in); err == nil {
			t.Errorf("%q was read as %v", in, d)
		}
	}
}

func TestParseList(t *testing.T) {
	all, err := ParseList("cuda:0, cuda:1,openvino?device_type=GPU&num_of_threads=4,cpu")
	if err != nil || len(all) != 4 || all[1].Index != 1 || all[2].Options["num_of_threads"] != "4" || all[3].Kind != "cpu" {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := ParseList(""); err != nil || len(all) != 1 || all[0].Kind != "auto" {
		t.Errorf("nothing: %+v, %v", all, err)
	}
	for _, in := range []string{"auto,cpu", "cuda,cuda:0", "cpu,", "cuda,gpu"} {
		if all, err := ParseList(in); err == nil {
			t.Errorf("%q was read as %v", in, all)
		}
	}
}

func TestListText(t *testing.T) {
	for in, want := range map[string]string{
		"": "auto", "CUDA, cpu": "cuda:0,cpu", "openvino:1?b=2&a=1": "openvino:1?a=1&b=2",
	} {
		all, err := ParseList(in)
		if err != nil || all.String() != want {
			t.Errorf("%q: %s, %v", in, all, err)
		}
		again, err := ParseList(all.String())
		if err != nil || again.String() != want {
			t.Errorf("%q a second time: %s, %v", in, again, err)
		}
	}
	if cpu := (List{CPU}); !cpu.CPUOnly() || (List{Auto}).CPUOnly() || (List{}).CPUOnly() || !(List{}).IsAuto() || cpu.IsAuto() {
		t.Error("kinds of lists are mistaken")
	}
}
