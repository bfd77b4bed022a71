/*
 * Signals as a flag: the only mutable state of the tree outside struct ctx, because a handler has
 * no argument.  The counters are lock-free atomics, which the threads of key generation read too.
 */
#include "core/base/signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

#include "core/base/macro.h"

static atomic_int came;
static atomic_int interrupts;
static atomic_int holds;

static void on_signal(int number)
{
	atomic_store(&came, 1);
	if (number == SIGINT && atomic_fetch_add(&interrupts, 1) > 0 &&
	    atomic_load(&holds) == 0) {
		/* Blocked inside the handler: it ends the process when the handler returns. */
		signal(SIGINT, SIG_DFL);
		raise(SIGINT);
	}
}

void signals_init(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	atomic_store(&came, 0);
	atomic_store(&interrupts, 0);
	atomic_store(&holds, 0);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct sigaction action = { .sa_handler = on_signal }, old;
		/* Under nohup(1) SIGHUP is ignored, and remains ignored. */
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		sigemptyset(&action.sa_mask);
		sigaction(numbers[i], &action, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
}

bool signals_is_cancelled(void)
{
	return atomic_load(&holds) == 0 && atomic_load(&came) != 0;
}

void signals_hold(void)
{
	atomic_fetch_add(&holds, 1);
}

void signals_release(void)
{
	atomic_fetch_sub(&holds, 1);
}
