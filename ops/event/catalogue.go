package event

import (
	"maps"
	"slices"
)

// The kinds of events.
const (
	PhotoDone          Kind = "photo_done"
	PhotoCopied        Kind = "photo_copied"
	PhotoWaiting       Kind = "photo_waiting"
	PhotoSkipped       Kind = "photo_skipped"
	PhotoFailed        Kind = "photo_failed"
	PhotoQuarantined   Kind = "photo_quarantined"
	PhotoIsolated      Kind = "photo_isolated"
	FolderWatched      Kind = "folder_watched"
	FolderDegraded     Kind = "folder_degraded"
	FolderBack         Kind = "folder_back"
	BreakerOpened      Kind = "breaker_opened"
	BreakerClosed      Kind = "breaker_closed"
	DiskLow            Kind = "disk_low"
	DiskOK             Kind = "disk_ok"
	BatchFinished      Kind = "batch_finished"
	WorkerStarted      Kind = "worker_started"
	WorkerCrashed      Kind = "worker_crashed"
	WorkerReplaced     Kind = "worker_replaced"
	WorkerFailed       Kind = "worker_failed"
	WorkerUnconfined   Kind = "worker_unconfined"
	CallDenied         Kind = "call_denied"
	DeviceSkipped      Kind = "device_skipped"
	TileFallback       Kind = "tile_fallback"
	Ready              Kind = "ready"
	Reloaded           Kind = "reloaded"
	ReloadFailed       Kind = "reload_failed"
	PipelineChanged    Kind = "pipeline_changed"
	Paused             Kind = "paused"
	Resumed            Kind = "resumed"
	Stopping           Kind = "stopping"
	NotificationFailed Kind = "notification_failed"
	LibraryVerified    Kind = "library_verified"
	LibraryDamaged     Kind = "library_damaged"
)

// Entry is what the catalogue tells of a kind.
type Entry struct {
	ID      string // MESSAGE_ID of the journal: 128 bits, hexadecimal
	Summary string
}

// catalogue is every kind. An ID never changes and is never used again:
// systemd-id128 new makes one.
var catalogue = map[Kind]Entry{
	PhotoDone:          {"89fc6dc3fe9544c594d2193b79ebae59", "a photo is done"},
	PhotoCopied:        {"74c7b525fe934d93b45d51889991be83", "a photo is done, with the outputs of an equal photo"},
	PhotoWaiting:       {"6fd8d22f83c643b59a95f74d06841be3", "the outputs of a photo wait for review"},
	PhotoSkipped:       {"b6a1ecef24ce4aea95af34e1cd1b1e28", "nothing was to be done for a photo (logged with `-v`)"},
	PhotoFailed:        {"c3e5780a73674198a0129cabdd9d14f0", "a photo failed, and is tried again where the message says so"},
	PhotoQuarantined:   {"c76ade2ad3fa49dc83edce7a61606b20", "a photo failed for good"},
	PhotoIsolated:      {"cf30206d6d4f4678b1bcf0ce5913aa69", "the worker crashed while this photo and others were in progress; it is tried alone"},
	FolderWatched:      {"cc70b18f2d9b40a4bc3cdb6fc5e1f661", "a folder is watched, by events or by polling"},
	FolderDegraded:     {"5a60fb1ca22f4c8383d6b8e48cbae26c", "a folder cannot be watched"},
	FolderBack:         {"aa544fa2fcab45eb9ff49980abaafe12", "a folder that was degraded is watched again"},
	BreakerOpened:      {"b1eb144d004c4e8aac93619edc27c0cf", "photos of a folder are on hold, since several failed for one cause"},
	BreakerClosed:      {"981b79121b884b49b0177bdc4db5a290", "photos of that folder are processed again"},
	DiskLow:            {"1e2054ef04734f3bacf1ce83f1d42c33", "photos of a folder are on hold, since less than `limits.min_free_space` is free"},
	DiskOK:             {"fbc064dd4ccf470180e03d3e23f98d2a", "there is space again"},
	BatchFinished:      {"d578724cd89b465f908b26323b439eef", "all photos that waited have been processed"},
	WorkerStarted:      {"89201cb1372247b28dde5a52719d4402", "the worker process runs"},
	WorkerCrashed:      {"3620f5a80e0b4973b67620bd460a1485", "the worker process crashed; `DUMP=` names the file with its output"},
	WorkerReplaced:     {"3eca00d59e0f4bbaafbba54a5e2f69d1", "the worker process was replaced as planned"},
	WorkerFailed:       {"82ed395c4e4144baa533f2c9173e8814", "the worker process cannot be started, or crashed at each start"},
	WorkerUnconfined:   {"2e83a101f8074b49a9b5ab6da33d0eb6", "the worker process runs without the sandbox"},
	CallDenied:         {"08a3b89ecc98439d83748253965b87f7", "the sandbox denied a system call"},
	DeviceSkipped:      {"eb586ead3df445bf8d4194ef59d66815", "a device of `restore.device` is not used; the next one is"},
	TileFallback:       {"565b8223a5d546d08fe7e03982142c83", "a tile was rejected, and restored in another way"},
	Ready:              {"33618389bcee49f1943ea067d5115e74", "the daemon is ready"},
	Reloaded:           {"6c3af3a4fb9445579b078d0f559e4ddf", "another configuration is in use"},
	ReloadFailed:       {"d2e3ed966018406ab62d45d5acec065d", "a configuration was refused; the current one stays in use"},
	PipelineChanged:    {"80cdb5f058364b3aba5548b40d917d31", "a pipeline changed, and photos were done by it as it was"},
	Paused:             {"e2dbca40e79646e38a42dc05219c76a0", "no photo is started: `burnish pause` or quiet hours"},
	Resumed:            {"290a2356c0e64067bf9cc43f0ca44419", "photos are started again"},
	Stopping:           {"10f40d5492b94bd09aeb15579c639533", "the daemon stops after the photos in progress"},
	LibraryVerified:    {"17cc8bfc3222405f8184abf894897502", "the background verification has looked at the whole library"},
	LibraryDamaged:     {"1ad1e7c32125403fb5baf6167961a3a0", "the background verification found a file that is missing or was altered"},
	NotificationFailed: {"b4b9a684e2ee45bbba2aa35cc54aefcc", "a notification could not be delivered, and is tried again where the message says so"},
}

// ID is the MESSAGE_ID of a kind; "" for an unknown one.
func (k Kind) ID() string { return catalogue[k].ID }

// All returns the catalogue's kinds, sorted, and the catalogue.
func All() ([]Kind, map[Kind]Entry) {
	return slices.Sorted(maps.Keys(catalogue)), maps.Clone(catalogue)
}

// OfWorker reports whether the worker process may tell of this kind. It decodes
// photos from anywhere, so it is not believed in what the daemon knows better.
func (k Kind) OfWorker() bool { return k == DeviceSkipped || k == TileFallback }
