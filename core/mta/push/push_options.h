/* core/mta/push/push_options.h: what a push is asked to do. */
#ifndef CORE_MTA_PUSH_PUSH_OPTIONS_H
#define CORE_MTA_PUSH_PUSH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct push_options {
	bool is_adoption;    /* mta adopt: binds the host to this store */
	bool replace_filter; /* an admin's own signing filter may be taken over */
	bool take_over; /* the host follows another store: follow this one from now on */
	bool force;     /* overwrite what somebody edited: refused otherwise */
	bool remove;    /* take everything of ours out again */
	bool is_explicit; /* mta push: ends a hold, looks at everything instead of what moved */
	bool is_scheduled; /* ... by a timer: silent, and nothing, where no push is due by itself:
	                      not adopted, held, another database's host */
	bool is_rollback;    /* mta rollback: an earlier push's files, then a hold */
	int64_t rollback_to; /* whose; 0: the one before the last that is in force */
};

#endif
