/** What responses of an app are made of, well-formed and not. */

export const statusLines: readonly string[] = [
  'HTTP/1.1 200 OK',
  'HTTP/1.1 200 OK',
  'HTTP/1.1 404 Not Found',
  'HTTP/1.0 200 OK',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 200 ',
  'HTTP/1.1 500 \xe4 b',
  'HTTP/1.1 200',
  'HTTP/1.1 205 Reset',
];

export const statusTricks: readonly string[] = [
  'HTTP/1.1  200 OK',
  'HTTP/1.1 2000 OK',
  'HTTP/1.1 20 OK',
  'HTTP/1.1 0200 OK',
  'http/1.1 200 OK',
  'HTTP/1.2 200 OK',
  'HTTP/2 200',
  'HTTP/1.1 099 No',
  'HTTP/1.1 +20 OK',
  'HTTP/1.1 200\tOK',
  'HTTP/1.1 200 O\0K',
  'HTTP/1.1 200 OK\r',
  'HTTP/1.1200 OK',
  ' HTTP/1.1 200 OK',
  'ICY 200 OK',
  '200 OK',
  'HTTP/1.1 101 Switching',
  'HTTP/1.1 999 Far',
];

export const interims: readonly string[] = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
  'HTTP/1.1 102 \r\n\r\n',
  'HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\n',
  'HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n',
];
