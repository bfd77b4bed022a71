#!/usr/bin/perl
# A client of the milter protocol, as Postfix speaks it, for tests/policyd/run.sh.
#
#     milter.pl [name=value...] MESSAGE... -- PROGRAM...
#
# Starts the program with the connection as standard input and output, sends the messages over it, and
# prints what is done to each, one line for an answer, and "end" with its exit status.
#   client=ADDR (or "none"), helo=NAME, sender=ADDR, auth=USER (one for all messages)
#   version=N, steps=HEX, actions=HEX   what is offered
#   chunk=OCTETS                        of a body, 65535
#   show=offer                          what was negotiated, too
#   show=memory                         private memory in kB, before the messages and at the last one's end
#   times=N                             each body that often, one after the other
use strict; use warnings; use Socket;
my %o = (client => '192.0.2.1', helo => 'mail.pass.example', sender => '', auth => '', version => 6,
	steps => '1fffff', actions => '1ff', chunk => 65535, show => '', times => 1);
my @messages;
while (@ARGV && (my $arg = shift @ARGV) ne '--') {
	if ($arg =~ /^([a-z]+)=(.*)/s && exists $o{$1}) { $o{$1} = $2 } else { push @messages, $arg }
}
socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, 0) or die;
my $child = fork;
if (!$child) {
	open STDIN, '<&', $theirs; open STDOUT, '>&', $theirs; close $ours;
	$SIG{PIPE} = 'DEFAULT';
	exec @ARGV or die;
}
close $theirs;
$SIG{PIPE} = 'IGNORE';
binmode $ours;

sub finish { close $ours; waitpid $child, 0; print "end ", $? >> 8, "\n"; exit 0 }
sub put { my ($command, $data) = @_; syswrite_all(pack('Na', length($data) + 1, $command) . $data) }
sub syswrite_all {
	my ($data) = @_;
	my $at = 0;
	while ($at < length $data) { my $n = syswrite $ours, $data, length($data) - $at, $at; finish() unless $n; $at += $n }
}
sub get_octets {
	my ($len) = @_;
	my $data = '';
	while (length $data < $len) { my $n = sysread $ours, $data, $len - length $data, length $data; finish() unless $n }
	return $data;
}
sub get { my $data = get_octets(unpack 'N', get_octets(4)); return (substr($data, 0, 1), substr $data, 1) }
sub memory {
	open my $f, '<', "/proc/$child/smaps_rollup" or return;
	my $sum = 0;
	# clean pages of libraries are everybody's, whoever else has them mapped now
	while (<$f>) { $sum += $1 if /^Private_Dirty:\s+(\d+) kB/ }
	return $sum;
}

put('O', pack 'NNN', $o{version}, hex $o{actions}, hex $o{steps});
my ($command, $data) = get();
die "no answer to the offer: $command" unless $command eq 'O';
my ($version, $actions, $steps) = unpack 'NNN', $data;
my $macros = length $data > 12 ? unpack('x16 Z*', $data) : '';
printf "offer %d %x %x%s\n", $version, $actions, $steps, $macros ? " $macros" : '' if $o{show} eq 'offer';

# Whether a command is sent, and its answer: "" where none is wanted.
sub send_step {
	my ($command, $data, $no, $no_reply) = @_;
	return '' if $steps & $no;
	put($command, $data);
	return '' if $steps & $no_reply;
	my ($answer) = get();
	return $answer;
}
my $family = $o{client} =~ /:/ ? '6' : '4';
send_step('C', "host.example\0" . ($o{client} eq 'none' ? 'U' : $family . pack('n', 25) . "$o{client}\0"), 0x1, 0x1000);
send_step('H', "$o{helo}\0", 0x2, 0x2000);
print "memory ", memory(), "\n" if $o{show} eq 'memory';
for my $path (@messages) {
	open my $f, '<', $path or die "$path: $!";
	my $text = do { local $/; <$f> };
	my ($head, $body) = split /\r?\n\r?\n/, $text, 2;
	put('D', "M{auth_authen}\0$o{auth}\0");
	send_step('M', "<$o{sender}>\0SIZE=1\0", 0x4, 0x4000);
	send_step('R', "<b\@x.test>\0", 0x8, 0x8000);
	send_step('T', '', 0x200, 0x10000);
	put('D', "Ni\0JOB1\0");
	for my $field (split /\r?\n(?![ \t])/, $head) {
		my ($name, $value) = split /:/, $field, 2;
		$value =~ s{\r\n}{\n}g;
		$value =~ s/^ // unless $steps & 0x100000;
		send_step('L', "$name\0$value\0", 0, 0x80);
	}
	send_step('N', '', 0x40, 0x40000);
	$body = '' unless defined $body;
	$body =~ s/\r?\n/\r\n/g;
	my $skips = 0;
	my $sent = 0;
	for my $n (1 .. $o{times}) {
		for (my $at = 0; $at < length $body && !$skips; $at += $o{chunk}) {
			my $part = substr $body, $at, $o{chunk};
			$skips = send_step('B', $part, 0x10, 0x80000) eq 's';
			$sent += length $part unless $steps & 0x10;
		}
	}
	print "body $sent", $skips ? ' skipped' : '', "\n" if $o{show} eq 'body';
	my $used = $o{show} eq 'memory' ? memory() : 0;
	put('E', '');
	for (;;) {
		my ($answer, $data) = get();
		if ($answer eq 'm') { my ($n, $name) = unpack 'N Z*', $data; print "remove $n $name\n"; next }
		if ($answer eq 'i') {
			my ($n, $name, $value) = unpack 'N Z* Z*', $data;
			print "insert $n $name:$value\n";
			next;
		}
		$data =~ s/\0$//;
		print "$answer $data\n";
		last;
	}
	if ($o{show} eq 'memory') { my $after = memory(); print "memory ", $after > $used ? $after : $used, "\n" }
}
put('Q', '');
finish();
