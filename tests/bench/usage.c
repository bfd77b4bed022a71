/*
 * Runs a command and tells what it took by itself, the programs that it started left out.
 *
 *     usage PROGRAM [WORD...]
 *
 * Prints "WALL CPU KIB": seconds of wall time, seconds of its own processor time (in steps of
 * 10 ms), KiB of memory at its peak (of its own or of a child's, whichever is more).  Its output
 * goes to standard error; exits as it does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* utime + stime of a process that ended and was not waited for yet. */
static double own_cpu(pid_t pid)
{
	char path[64], text[1024] = "";
	unsigned long user = 0, kernel = 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return -1;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	/* the name, which may hold anything, ends with the last parenthesis */
	const char *rest = strrchr(text, ')');
	if (!rest ||
	    sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
	           &user, &kernel) != 2)
		return -1;
	return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

int main(int argc, char **argv)
{
	siginfo_t info;
	struct rusage usage;
	int status = 0;
	double start = now();
	pid_t pid = argc > 1 ? fork() : -1;
	if (pid == 0) {
		dup2(2, 1);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
		return 2;
	double wall = now() - start, cpu = own_cpu(pid);
	if (wait4(pid, &status, 0, &usage) != pid || cpu < 0)
		return 2;
	printf("%.3f %.2f %ld\n", wall, cpu, usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
