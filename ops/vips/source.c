#include "bridge.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

// place is where a source reads next: a descriptor's own may be shared.
typedef struct {
	int fd;
	gint64 at;
} place;

static gint64 read_on(VipsSourceCustom *source, void *data, gint64 length, place *p)
{
	ssize_t n;
	do
		n = pread(p->fd, data, length, p->at);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		p->at += n;
	return n;
}

static gint64 seek_to(VipsSourceCustom *source, gint64 offset, int whence, place *p)
{
	struct stat s;
	if (whence == SEEK_CUR)
		offset += p->at;
	else if (whence == SEEK_END) {
		if (fstat(p->fd, &s) != 0)
			return -1;
		offset += s.st_size;
	}
	if (offset < 0)
		return -1;
	return p->at = offset;
}

static void close_place(gpointer data, GClosure *closure)
{
	place *p = data;
	close(p->fd);
	g_free(p);
}

VipsSource *bv_source_new(int fd)
{
	VipsSourceCustom *source = vips_source_custom_new();
	place *p = g_new0(place, 1);
	p->fd = fd;
	g_signal_connect(source, "seek", G_CALLBACK(seek_to), p);
	g_signal_connect_data(source, "read", G_CALLBACK(read_on), p, close_place, 0);
	return VIPS_SOURCE(source);
}

void bv_set_source(VipsOperation *op, const char *name, VipsSource *source)
{
	g_object_set(op, name, source, NULL);
}
