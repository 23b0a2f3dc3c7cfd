#include "bridge.h"

#include <string.h>

static void *collect_type(GType type, void *array)
{
	if (!G_TYPE_IS_ABSTRACT(type))
		g_array_append_val((GArray *) array, type);
	return NULL;
}

GType *bv_types(GType base, int *n)
{
	GArray *types = g_array_new(FALSE, FALSE, sizeof(GType));
	vips_type_map_all(base, collect_type, types);
	*n = types->len;
	return (GType *) g_array_free(types, FALSE);
}

const char *bv_nickname(GType type)
{
	return VIPS_OBJECT_CLASS(g_type_class_ref(type))->nickname;
}

// The family of an operation: "load" and "save" for file formats, else the
// nickname of the class just below VipsOperation, or "" for a loner.
static const char *category(GType type)
{
	if (g_type_is_a(type, VIPS_TYPE_FOREIGN_LOAD))
		return "load";
	if (g_type_is_a(type, VIPS_TYPE_FOREIGN_SAVE))
		return "save";
	GType top = type;
	while (g_type_parent(top) != VIPS_TYPE_OPERATION)
		top = g_type_parent(top);
	return top == type ? "" : bv_nickname(top);
}

void bv_describe(GType type, bv_operation *out)
{
	VipsObjectClass *class = VIPS_OBJECT_CLASS(g_type_class_ref(type));
	out->name = class->nickname;
	out->summary = class->description;
	out->category = category(type);
	out->flags = VIPS_OPERATION_CLASS(class)->flags;
}

static bv_kind kind_of(GType type)
{
	if (type == VIPS_TYPE_IMAGE)
		return BV_IMAGE;
	if (type == VIPS_TYPE_ARRAY_IMAGE)
		return BV_IMAGES;
	if (type == G_TYPE_DOUBLE)
		return BV_FLOAT;
	if (type == G_TYPE_INT || type == G_TYPE_UINT64)
		return BV_INT;
	if (type == G_TYPE_BOOLEAN)
		return BV_BOOL;
	if (G_TYPE_IS_ENUM(type))
		return BV_ENUM;
	if (G_TYPE_IS_FLAGS(type))
		return BV_FLAGS;
	if (type == G_TYPE_STRING)
		return BV_STRING;
	if (type == VIPS_TYPE_ARRAY_DOUBLE)
		return BV_FLOATS;
	if (type == VIPS_TYPE_ARRAY_INT)
		return BV_INTS;
	if (type == VIPS_TYPE_BLOB)
		return BV_BLOB;
	if (type == VIPS_TYPE_INTERPOLATE)
		return BV_INTERPOLATE;
	return BV_OTHER;
}

static void range(bv_argument *out, double number, double min, double max)
{
	out->number = number;
	out->min = min;
	out->max = max;
}

static void defaults(GParamSpec *spec, bv_argument *out)
{
	if (G_IS_PARAM_SPEC_DOUBLE(spec)) {
		GParamSpecDouble *p = G_PARAM_SPEC_DOUBLE(spec);
		range(out, p->default_value, p->minimum, p->maximum);
	}
	else if (G_IS_PARAM_SPEC_INT(spec)) {
		GParamSpecInt *p = G_PARAM_SPEC_INT(spec);
		range(out, p->default_value, p->minimum, p->maximum);
	}
	else if (G_IS_PARAM_SPEC_UINT64(spec)) {
		GParamSpecUInt64 *p = G_PARAM_SPEC_UINT64(spec);
		range(out, p->default_value, p->minimum, p->maximum);
	}
	else if (G_IS_PARAM_SPEC_BOOLEAN(spec))
		range(out, G_PARAM_SPEC_BOOLEAN(spec)->default_value, 0, 1);
	else if (G_IS_PARAM_SPEC_STRING(spec))
		out->text = G_PARAM_SPEC_STRING(spec)->default_value;
	else if (G_IS_PARAM_SPEC_ENUM(spec)) {
		GParamSpecEnum *p = G_PARAM_SPEC_ENUM(spec);
		GEnumValue *value = g_enum_get_value(p->enum_class, p->default_value);
		out->text = value ? value->value_nick : NULL;
	}
	else if (G_IS_PARAM_SPEC_FLAGS(spec)) {
		GParamSpecFlags *p = G_PARAM_SPEC_FLAGS(spec);
		GFlagsValue *value = g_flags_get_first_value(p->flags_class, p->default_value);
		out->text = value ? value->value_nick : NULL;
	}
}

bv_argument *bv_arguments(GType type, int *n)
{
	VipsObjectClass *class = VIPS_OBJECT_CLASS(g_type_class_ref(type));
	bv_argument *args = g_new0(bv_argument, g_slist_length(class->argument_table_traverse) + 1);
	*n = 0;
	for (GSList *p = class->argument_table_traverse; p; p = p->next) {
		VipsArgumentClass *arg = p->data;
		GParamSpec *spec = ((VipsArgument *) arg)->pspec;
		if (!(arg->flags & VIPS_ARGUMENT_CONSTRUCT))
			continue;
		bv_argument *out = &args[(*n)++];
		out->name = g_param_spec_get_name(spec);
		out->summary = g_param_spec_get_blurb(spec);
		out->type = G_PARAM_SPEC_VALUE_TYPE(spec);
		out->kind = kind_of(out->type);
		out->flags = arg->flags;
		defaults(spec, out);
	}
	return args;
}

const char **bv_members(GType type, int *n)
{
	GPtrArray *nicks = g_ptr_array_new();
	if (G_TYPE_IS_ENUM(type)) {
		GEnumClass *class = g_type_class_ref(type);
		for (guint i = 0; i < class->n_values; i++)
			if (strcmp(class->values[i].value_nick, "last") != 0)
				g_ptr_array_add(nicks, (void *) class->values[i].value_nick);
	}
	else if (G_TYPE_IS_FLAGS(type)) {
		GFlagsClass *class = g_type_class_ref(type);
		for (guint i = 0; i < class->n_values; i++)
			g_ptr_array_add(nicks, (void *) class->values[i].value_nick);
	}
	*n = nicks->len;
	return (const char **) g_ptr_array_free(nicks, FALSE);
}

int bv_member(GType type, const char *nick, int *value)
{
	if (G_TYPE_IS_ENUM(type)) {
		GEnumValue *found = g_enum_get_value_by_nick(g_type_class_ref(type), nick);
		if (found)
			*value = found->value;
		return found != NULL;
	}
	GFlagsValue *found = g_flags_get_value_by_nick(g_type_class_ref(type), nick);
	if (found)
		*value = found->value;
	return found != NULL;
}
