/** Cases that the router fails, and why: each is Node's HTTP/2 (nghttp2), below anything of ours. */
export const known: Readonly<Record<string, string>> = {
  '5.1.1/2':
    'nghttp2 takes a stream of a smaller number for one that is over, and ignores what comes on it: nobody is answered',
  '6.3/1': 'nghttp2 does not read PRIORITY any more, which RFC 9113 §5.3.2 deprecates',
  '6.7/2': 'Node ends a session in which a PING is acknowledged that it never sent',
};
