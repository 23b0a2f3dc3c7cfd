package programs

// stageName is the argument that makes [Stage] of a command.
const stageName = "become-program"

// The descriptors of a process that becomes a program.
const (
	orderDescriptor  = 3 // an order, as JSON
	statusDescriptor = 4 // takes why the program could not be executed; closed when it was
)

// order is what a process is to become.
type order struct {
	Command     []string `json:"command"`
	Name        string   `json:"name,omitempty"` // its first argument; "": the command
	Environment []string `json:"environment"`
	Memory      int64    `json:"memory"`
	Unbounded   bool     `json:"unbounded,omitempty"` // its memory
	Confined    bool     `json:"confined"`
	Landlock    bool     `json:"landlock"`
	Forks       bool     `json:"forks"`
	Run         []string `json:"run"`
	Read        []string `json:"read"`
}
