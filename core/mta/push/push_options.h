/* core/mta/push/push_options.h: the options of a push. */
#ifndef CORE_MTA_PUSH_PUSH_OPTIONS_H
#define CORE_MTA_PUSH_PUSH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct plan;

struct push_options {
	bool is_adoption;    /* mta adopt: binds the host to this store */
	bool replace_filter; /* an administrator's own signing filter may be replaced */
	bool take_over; /* the host follows another store: follow this one from now on */
	bool force;     /* overwrite edits by others, which are refused otherwise */
	bool remove;    /* remove all objects of ours */
	bool is_explicit; /* mta push: ends a pause, compares everything, not only changes */
	bool is_scheduled; /* ... by a timer: does and reports nothing if the host was not adopted,
	                      is paused, or follows another database */
	bool is_rollback; /* mta rollback: the files of an earlier push, then a pause */
	int64_t rollback_to; /* its id; 0: the one before the last whose result is in use */
	struct plan
		*news; /* gets the notes that were not reported yet of a push with nothing
	                        to do; NULL: they are not wanted */
};

#endif
