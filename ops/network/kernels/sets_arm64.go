package kernels

func sets() []string { return []string{"neon"} }
