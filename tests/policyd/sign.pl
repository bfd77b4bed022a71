#!/usr/bin/perl
# Signs a message with DKIM (RFC 6376, rsa-sha256, simple/simple): sign.pl KEY DOMAIN SELECTOR < MESSAGE
use strict; use warnings; use Digest::SHA 'sha256'; use MIME::Base64; use File::Temp;
my ($key, $domain, $selector) = @ARGV;
my $text = do { local $/; <STDIN> };
my ($head, $body) = split /\r?\n\r?\n/, $text, 2;
my @fields = map { s/\r?\n/\r\n/gr } split /\r?\n(?![ \t])/, $head;
$body = '' unless defined $body;
$body =~ s/\r?\n/\r\n/g;
(my $hashed = $body) =~ s/(\r\n)*\z/\r\n/;
my @signed = grep { /^(From|Subject|To):/i } @fields;
my $field = "DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=$domain; s=$selector;\r\n\th="
	. join(':', map { (split /:/)[0] } @signed) . ";\r\n\tbh=" . encode_base64(sha256($hashed), '') . ";\r\n\tb=";
my %of;
push @{$of{lc((split /:/)[0])}}, $_ for @fields;
my $input = join('', map { pop(@{$of{lc((split /:/)[0])}}) . "\r\n" } @signed) . $field;
my $file = File::Temp->new;
binmode $file;
print $file $input;
close $file;
my $signature = qx(openssl dgst -sha256 -sign '$key' '$file' | base64 -w0);
print map { s/\r\n/\n/gr } "$field$signature\r\n$head\r\n\r\n$body";
