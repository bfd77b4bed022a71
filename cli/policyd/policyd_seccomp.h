/*
 * cli/policyd/policyd_seccomp.h: the system calls that mailauth-policyd may use after it has read
 * its settings.
 */
#ifndef CLI_POLICYD_POLICYD_SECCOMP_H
#define CLI_POLICYD_POLICYD_SECCOMP_H

#include <stdbool.h>

#include "core/base/macro.h"

/* From now on, all system calls except those in a fixed list fail with EPERM, in this process and
 * its children: it cannot start programs, open files for writing, make memory executable, or create
 * sockets other than IP and AF_UNIX.  `listens`: it may accept connections and create child
 * processes for them.  The process must have set PR_SET_NO_NEW_PRIVS.  -1 and errno: the kernel
 * does not support it.  In a build without the filter (make SECCOMP=0, a sanitizer, a processor
 * without a list of calls), does nothing and returns 0. */
int policyd_seccomp(bool listens) must_check;

/* Whether this build has the filter. */
bool policyd_has_seccomp(void) must_check;

#endif
