package golden

import (
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
)

// exifTags are the names of EXIF's tags (CIPA DC-008), as libvips has them.
var exifTags = strings.Fields(`
ApertureValue Artist BatteryLevel BitsPerSample BodySerialNumber BrightnessValue CFAPattern
CFARepeatPatternDim CameraOwnerName ColorSpace ComponentsConfiguration CompositeImage CompressedBitsPerPixel
Compression Contrast Copyright CustomRendered DateTime DateTimeDigitized DateTimeOriginal
DeviceSettingDescription DigitalZoomRatio DocumentName ExifIfdPointer ExifVersion ExposureBiasValue
ExposureIndex ExposureMode ExposureProgram ExposureTime FNumber FileSource FillOrder Flash FlashEnergy
FlashpixVersion FocalLength FocalLengthIn35mmFilm FocalPlaneResolutionUnit FocalPlaneXResolution
FocalPlaneYResolution GPSAltitude GPSAltitudeRef GPSAreaInformation GPSDOP GPSDateStamp GPSDestBearing
GPSDestBearingRef GPSDestDistance GPSDestDistanceRef GPSDestLatitude GPSDestLatitudeRef GPSDestLongitude
GPSDestLongitudeRef GPSDifferential GPSHPositioningError GPSImgDirection GPSImgDirectionRef GPSInfoIFDPointer
GPSLatitude GPSLatitudeRef GPSLongitude GPSLongitudeRef GPSMapDatum GPSMeasureMode GPSProcessingMethod
GPSSatellites GPSSpeed GPSSpeedRef GPSStatus GPSTimeStamp GPSTrack GPSTrackRef GPSVersionID GainControl Gamma
ISOSpeedRatings ImageDescription ImageLength ImageResources ImageUniqueID ImageWidth InterColorProfile
InteroperabilityIFDPointer InteroperabilityIndex InteroperabilityVersion JPEGInterchangeFormat
JPEGInterchangeFormatLength JPEGProc LensMake LensModel LensSerialNumber LensSpecification LightSource Make
MakerNote MaxApertureValue MeteringMode Model NewSubfileType OECF OffsetTime OffsetTimeDigitized
OffsetTimeOriginal Orientation Padding PhotometricInterpretation PixelXDimension PixelYDimension
PlanarConfiguration PrimaryChromaticities PrintImageMatching RecommendedExposureIndex ReferenceBlackWhite
RelatedImageFileFormat RelatedImageLength RelatedImageWidth RelatedSoundFile ResolutionUnit RowsPerStrip
SamplesPerPixel Saturation SceneCaptureType SceneType SensingMethod SensitivityType Sharpness
ShutterSpeedValue Software SourceExposureTimesOfCompositeImage SourceImageNumberOfCompositeImage
SpatialFrequencyResponse SpectralSensitivity StandardOutputSensitivity StripByteCounts StripOffsets SubIFDs
SubSecTimeDigitized SubSecTimeOriginal SubjectArea SubjectDistance SubjectDistanceRange SubjectLocation
SubsecTime TimeZoneOffset TransferFunction TransferRange UserComment WhiteBalance WhitePoint XMLPacket
XPAuthor XPComment XPKeywords XPSubject XPTitle XResolution YCbCrCoefficients YCbCrPositioning
YCbCrSubSampling YResolution
`)

// misspelt is the tag that a name is nearly, "" for one that is known, or like
// none: then it may be a maker's.
func misspelt(name string) string {
	for _, tag := range exifTags {
		if tag == name {
			return ""
		}
	}
	return diag.Nearest(name, exifTags)
}
