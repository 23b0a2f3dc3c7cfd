package builtin

// The specs, by themselves, for the tests.
var (
	Autorotate = autorotateSpec
	Convert    = convertSpec
	Crop       = cropSpec
	Flatten    = flattenSpec
	Resize     = resizeSpec
	Rotate     = rotateSpec
	Sharpen    = sharpenSpec
	Thumbnail  = thumbnailSpec
	Watermark  = watermarkSpec
)

// WatermarkConfig is watermark's, for the tests.
type WatermarkConfig = watermarkConfig
