#!/usr/bin/perl
# Runs a command RUNS times as a whole process and prints the median wall time in seconds.
# Output goes to /dev/null; a failing command ends it.
#
# usage: median.pl RUNS COMMAND [ARGUMENT...]
use strict;
use warnings;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my $runs = shift;
my @seconds;
for (1 .. $runs) {
	my $start = clock_gettime(CLOCK_MONOTONIC);
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		open STDIN, '<', '/dev/null' or die;
		open STDOUT, '>', '/dev/null' or die;
		open STDERR, '>', $ENV{MEDIAN_STDERR} // '/dev/null' or die;
		exec @ARGV or die "$ARGV[0]: $!\n";
	}
	waitpid $pid, 0;
	push @seconds, clock_gettime(CLOCK_MONOTONIC) - $start;
	die "@ARGV: exit status " . ($? >> 8) . "\n" if $?;
}
@seconds = sort { $a <=> $b } @seconds;
printf "%.6f\n", $seconds[$#seconds / 2];
