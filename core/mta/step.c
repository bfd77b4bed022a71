/* core/mta/step.c: the table of step kinds, and what several of them share. */
#include "core/mta/step.h"

#include "core/base/alloc.h"

const struct step_type *const step_types[STEP_KIND_COUNT] = {
	[STEP_FILE] = &step_file_type,
	[STEP_MKDIR] = &step_mkdir_type,
	[STEP_SERVICE] = &step_service_type,
	[STEP_PROBE] = &step_probe_type,
};

bool step_meta_holds(const struct file_meta *have, const struct file_meta *want)
{
	return (want->mode == FILE_KEEP_MODE || want->mode == have->mode) &&
	       (want->uid == FILE_KEEP_UID || want->uid == have->uid) &&
	       (want->gid == FILE_KEEP_GID || want->gid == have->gid);
}

char *step_aside_path(const char *path)
{
	return xasprintf("%s.mailauthctl-old", path);
}
