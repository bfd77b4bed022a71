/*
 * The filter is a list of jumps: each row is a system call and, for some, a condition on one
 * argument.  It is raw BPF, because a library would have to be loaded for each message.
 *
 * It was tested on x86-64.  The list for aarch64 contains what the C library calls there (no open,
 * poll, stat or fork), but was only compiled: the Makefile omits it there unless SECCOMP=1 is
 * given.  A call that is not listed fails and does not kill the process: a C library that tries a
 * newer call first continues without it, and no mail is lost.
 */
#include "cli/policyd/policyd_seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ARCHITECTURE 0 /* the sanitizers use other calls */
#elif !defined(POLICYD_SECCOMP)
#define ARCHITECTURE 0
#elif defined(__x86_64__) && !defined(__ILP32__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef ARCHITECTURE
#define ARCHITECTURE 0
#endif
#endif

bool policyd_has_seccomp(void)
{
	return ARCHITECTURE != 0;
}

#if ARCHITECTURE

#define WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)
/* The arguments of the C library's fork(2). */
#define FORKS (CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD)

struct rule {
	int call;
	enum { ALWAYS, IF_EQUAL, IF_NO_BIT } when;
	unsigned argument; /* from 0 */
	uint32_t value;
	bool is_listener; /* for the process that accepts connections */
};

static const struct rule rules[] = {
	/* the connection, DNS, the log */
	{ .call = SYS_read },
	{ .call = SYS_write },
	{ .call = SYS_ppoll },
	{ .call = SYS_recvfrom },
	{ .call = SYS_recvmsg },
	{ .call = SYS_sendto },
	{ .call = SYS_sendmsg },
	{ .call = SYS_connect },
	{ .call = SYS_close },
	{ .call = SYS_fcntl },
	{ .call = SYS_socket, IF_EQUAL, 0, AF_INET },
	{ .call = SYS_socket, IF_EQUAL, 0, AF_INET6 },
	{ .call = SYS_socket, IF_EQUAL, 0, AF_UNIX },
	{ .call = SYS_bind },
	{ .call = SYS_setsockopt },
	{ .call = SYS_getsockopt },
	{ .call = SYS_getsockname },
	{ .call = SYS_getpeername },
	{ .call = SYS_shutdown },
	{ .call = SYS_readv },
	{ .call = SYS_writev },
	/* memory, never executable */
	{ .call = SYS_brk },
	{ .call = SYS_mmap, IF_NO_BIT, 2, PROT_EXEC },
	{ .call = SYS_mprotect, IF_NO_BIT, 2, PROT_EXEC },
	{ .call = SYS_mremap },
	{ .call = SYS_munmap },
	{ .call = SYS_madvise },
	/* files that are read: time zone, name servers */
	{ .call = SYS_openat, IF_NO_BIT, 2, WRITES },
	{ .call = SYS_fstat },
	{ .call = SYS_newfstatat },
	{ .call = SYS_lseek },
	{ .call = SYS_pread64 },
	/* time, chance, limits, the process itself */
	{ .call = SYS_clock_gettime },
	{ .call = SYS_clock_nanosleep },
	{ .call = SYS_gettimeofday },
	{ .call = SYS_getrandom },
	{ .call = SYS_prlimit64, IF_EQUAL, 0, 0 },
	{ .call = SYS_getrusage },
	{ .call = SYS_getpid },
	{ .call = SYS_gettid },
	{ .call = SYS_futex },
	{ .call = SYS_sysinfo },
	{ .call = SYS_uname },
	{ .call = SYS_rt_sigaction },
	{ .call = SYS_rt_sigprocmask },
	{ .call = SYS_rt_sigreturn },
	{ .call = SYS_restart_syscall },
	{ .call = SYS_exit },
	{ .call = SYS_exit_group },
#ifdef SYS_poll /* calls that newer architectures lack */
	{ .call = SYS_poll },
	{ .call = SYS_open, IF_NO_BIT, 1, WRITES },
	{ .call = SYS_stat },
	{ .call = SYS_time },
#endif
#ifdef SYS_getrlimit
	{ .call = SYS_getrlimit },
	{ .call = SYS_setrlimit },
#endif
#ifdef SYS_statx
	{ .call = SYS_statx },
#endif
	/* the listener */
	{ .call = SYS_accept4, .is_listener = true },
	{ SYS_clone, IF_EQUAL, 0, FORKS, true },
	{ .call = SYS_wait4, .is_listener = true },
	{ .call = SYS_set_robust_list, .is_listener = true },
#ifdef SYS_rseq
	{ .call = SYS_rseq, .is_listener = true },
#endif
};

struct program {
	struct sock_filter at[8 + 6 * ARRAY_LEN(rules)];
	unsigned short len;
};

static void add(struct program *program, struct sock_filter step)
{
	program->at[program->len++] = step;
}

static void load(struct program *program, size_t offset)
{
	add(program,
	    (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void answer(struct program *program, uint32_t action)
{
	add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Continues with the next rule, with the number of the call loaded. */
static void add_rule(struct program *program, const struct rule *rule)
{
	const size_t argument =
		offsetof(struct seccomp_data, args) + rule->argument * sizeof(uint64_t);
	const uint8_t past = rule->when == ALWAYS ? 1 : 4;
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
	                                          (uint32_t)rule->call, 0, past));
	if (rule->when != ALWAYS)
		load(program,
		     argument); /* its lower half: both processors are little-endian */
	if (rule->when == IF_EQUAL)
		add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
		                                          rule->value, 0, 1));
	if (rule->when == IF_NO_BIT)
		add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
		                                          rule->value, 1, 0));
	answer(program, SECCOMP_RET_ALLOW);
	if (rule->when != ALWAYS)
		load(program, offsetof(struct seccomp_data, nr));
}

int policyd_seccomp(bool listens)
{
	struct program program = { .len = 0 };
	load(&program, offsetof(struct seccomp_data, arch));
	add(&program,
	    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
	answer(&program, SECCOMP_RET_KILL_PROCESS);
	load(&program, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (listens || !rules[i].is_listener)
			add_rule(&program, &rules[i]);
	answer(&program, SECCOMP_RET_ERRNO | EPERM);
	const struct sock_fprog filter = { program.len, program.at };
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
}

#else

int policyd_seccomp(bool listens)
{
	(void)listens;
	return 0;
}

#endif
