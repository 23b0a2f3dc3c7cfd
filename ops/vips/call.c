#include "bridge.h"

#include <string.h>

void bv_set_image(VipsOperation *op, const char *name, VipsImage *image)
{
	g_object_set(op, name, image, NULL);
}

void bv_set_images(VipsOperation *op, const char *name, VipsImage **images, int n)
{
	GValue value = { 0 };
	g_value_init(&value, VIPS_TYPE_ARRAY_IMAGE);
	vips_value_set_array_image(&value, n);
	VipsImage **array = vips_value_get_array_image(&value, NULL);
	for (int i = 0; i < n; i++)
		array[i] = g_object_ref(images[i]);
	g_object_set_property(G_OBJECT(op), name, &value);
	g_value_unset(&value);
}

void bv_set_number(VipsOperation *op, const char *name, GType type, double number)
{
	if (type == G_TYPE_DOUBLE)
		g_object_set(op, name, number, NULL);
	else if (type == G_TYPE_UINT64)
		g_object_set(op, name, (guint64) number, NULL);
	else // int, boolean, enum and flags are all passed as an int
		g_object_set(op, name, (int) number, NULL);
}

void bv_set_string(VipsOperation *op, const char *name, const char *value)
{
	g_object_set(op, name, value, NULL);
}

void bv_set_floats(VipsOperation *op, const char *name, const double *values, int n)
{
	VipsArrayDouble *array = vips_array_double_new(values, n);
	g_object_set(op, name, array, NULL);
	vips_area_unref(VIPS_AREA(array));
}

void bv_set_ints(VipsOperation *op, const char *name, const int *values, int n)
{
	VipsArrayInt *array = vips_array_int_new(values, n);
	g_object_set(op, name, array, NULL);
	vips_area_unref(VIPS_AREA(array));
}

void bv_set_blob(VipsOperation *op, const char *name, const void *data, size_t size)
{
	VipsBlob *blob = vips_blob_copy(data, size);
	g_object_set(op, name, blob, NULL);
	vips_area_unref(VIPS_AREA(blob));
}

int bv_set_interpolate(VipsOperation *op, const char *name, const char *nick)
{
	VipsInterpolate *interpolate = vips_interpolate_new(nick);
	if (!interpolate)
		return -1;
	g_object_set(op, name, interpolate, NULL);
	g_object_unref(interpolate);
	return 0;
}

static void get_number(VipsOperation *op, const bv_argument *arg, bv_value *out)
{
	if (arg->type == G_TYPE_DOUBLE)
		g_object_get(op, arg->name, &out->number, NULL);
	else if (arg->type == G_TYPE_UINT64) {
		guint64 number = 0;
		g_object_get(op, arg->name, &number, NULL);
		out->number = number;
	}
	else {
		int number = 0;
		g_object_get(op, arg->name, &number, NULL);
		out->number = number;
	}
}

static void get_array(VipsOperation *op, const bv_argument *arg, bv_value *out)
{
	VipsArea *area = NULL;
	g_object_get(op, arg->name, &area, NULL);
	if (!area)
		return;
	int n = 0;
	size_t length = 0;
	void *data = vips_area_get_data(area, &length, &n, NULL, NULL);
	out->size = arg->kind == BV_BLOB ? length : (size_t) n;
	size_t element = arg->kind == BV_BLOB ? 1
		: arg->kind == BV_FLOATS ? sizeof(double)
		: arg->kind == BV_INTS ? sizeof(int)
		: sizeof(VipsImage *);
	out->data = g_malloc(out->size * element + 1);
	memcpy(out->data, data, out->size * element);
	if (arg->kind == BV_IMAGES)
		for (int i = 0; i < n; i++)
			g_object_ref(((VipsImage **) out->data)[i]);
	vips_area_unref(area);
}

void bv_get(VipsOperation *op, const bv_argument *arg, bv_value *out)
{
	memset(out, 0, sizeof(*out));
	switch (arg->kind) {
	case BV_IMAGE:
		g_object_get(op, arg->name, &out->image, NULL);
		break;
	case BV_STRING:
		g_object_get(op, arg->name, &out->text, NULL);
		break;
	case BV_ENUM: {
		int number = 0;
		g_object_get(op, arg->name, &number, NULL);
		out->text = g_strdup(vips_enum_nick(arg->type, number));
		break;
	}
	case BV_FLOAT:
	case BV_INT:
	case BV_BOOL:
	case BV_FLAGS:
		get_number(op, arg, out);
		break;
	case BV_IMAGES:
	case BV_FLOATS:
	case BV_INTS:
	case BV_BLOB:
		get_array(op, arg, out);
		break;
	default:
		break;
	}
}

void bv_release(VipsOperation *op)
{
	vips_object_unref_outputs(VIPS_OBJECT(op));
	g_object_unref(op);
}
