/** SETTINGS, PING, GOAWAY, windows and error codes (RFC 9113 §6.5 to §6.9, §7). */
import type { Case } from '../case.ts';
import { get, late, post, section } from '../case.ts';
import * as f from '../frames.ts';
import { flag, setting, type } from '../frames.ts';
import { connectionError, goesOn, streamError } from '../outcome.ts';

const most = 2 ** 31 - 1;
const protocol = [connectionError('PROTOCOL_ERROR')];
const size = [connectionError('FRAME_SIZE_ERROR')];
const flow = [connectionError('FLOW_CONTROL_ERROR')];
const oneOctet = f.settings([setting.window, 1]);
const window = (octets: number) => [[setting.window, octets]] as const;

export const connection: readonly Case[] = [
  ...section('RFC 9113 §6.5', [
    {
      says: 'an acknowledgement that sets something',
      send: [f.frame(type.settings, flag.ack, 0, 'sixsix')],
      expect: size,
    },
    { says: 'SETTINGS of a stream', send: [f.frame(type.settings, 0, 1)], expect: protocol },
    { says: 'SETTINGS that break off', send: [f.frame(type.settings, 0, 0, 'abc')], expect: size },
  ]),
  ...section('RFC 9113 §6.5.2', [
    { says: 'ENABLE_PUSH of 2', send: [f.settings([setting.push, 2])], expect: protocol },
    { says: 'INITIAL_WINDOW_SIZE of 2^31', send: [f.settings([setting.window, most + 1])], expect: flow },
    {
      says: 'MAX_FRAME_SIZE below the least',
      send: [f.settings([setting.frameSize, 16_383])],
      expect: protocol,
    },
    {
      says: 'MAX_FRAME_SIZE above the most',
      send: [f.settings([setting.frameSize, 2 ** 24])],
      expect: protocol,
    },
    { says: 'a setting that nobody knows is ignored', send: [f.settings([0xff, 1])], expect: [goesOn] },
  ]),
  ...section('RFC 9113 §6.5.3', [
    {
      says: 'of several values the last one holds',
      send: [f.settings([setting.window, 100], [setting.window, 1]), get(1)],
      expect: [{ kind: 'data', stream: 1, octets: [1] }],
    },
    {
      says: 'SETTINGS are acknowledged, each time',
      send: [f.settings(), f.settings([setting.window, 70_000])],
      expect: [{ kind: 'settings acknowledged', times: 2 }],
    },
  ]),
  ...section('RFC 9113 §6.7', [
    {
      says: 'PING is answered with what it holds',
      send: [f.ping('12345678')],
      expect: [{ kind: 'ping', text: '12345678' }],
    },
    { says: 'an answer to no PING is not answered', send: [f.ping('answered', flag.ack)], expect: [goesOn] },
    { says: 'PING of a stream', send: [f.frame(type.ping, 0, 1, '12345678')], expect: protocol },
    { says: 'PING that is too short', send: [f.frame(type.ping, 0, 0, '123456')], expect: size },
  ]),
  ...section('RFC 9113 §6.8', [
    { says: 'GOAWAY of a stream', send: [f.goaway('NO_ERROR', 1)], expect: protocol },
  ]),
  ...section('RFC 9113 §6.9', [
    { says: 'WINDOW_UPDATE by nothing', send: [f.windowUpdate(0, 0)], expect: protocol },
    {
      says: 'WINDOW_UPDATE of a stream by nothing',
      send: [post(1, late), f.windowUpdate(1, 0)],
      expect: [streamError(1, 'PROTOCOL_ERROR')],
    },
    { says: 'WINDOW_UPDATE that is too short', send: [f.frame(type.window, 0, 0, 'abc')], expect: size },
  ]),
  ...section('RFC 9113 §6.9.1', [
    {
      says: 'with a window of one octet one octet is sent',
      settings: window(1),
      send: [get(1)],
      expect: [{ kind: 'data', stream: 1, octets: [1] }],
    },
    {
      says: "the connection's window above 2^31-1",
      send: [f.windowUpdate(0, most), f.windowUpdate(0, most)],
      expect: flow,
    },
    {
      says: "a stream's window above 2^31-1",
      send: [get(1, late), f.windowUpdate(1, most), f.windowUpdate(1, most)],
      expect: [streamError(1, 'FLOW_CONTROL_ERROR')],
    },
  ]),
  ...section('RFC 9113 §6.9.2', [
    {
      says: 'a new initial window holds for streams that are open',
      settings: window(0),
      send: [get(1), oneOctet],
      expect: [{ kind: 'data', stream: 1, octets: [1] }],
    },
    {
      says: 'a window that has become negative has to be made up for first',
      settings: window(3),
      send: [get(1), { until: 'data', stream: 1 }, f.settings([setting.window, 2]), f.windowUpdate(1, 2)],
      expect: [{ kind: 'data', stream: 1, octets: [3, 1] }],
    },
    {
      says: 'an initial window above 2^31-1 while a stream is open',
      send: [get(1, late), f.settings([setting.window, most + 1])],
      expect: flow,
    },
  ]),
  ...section('RFC 9113 §7', [
    {
      says: 'GOAWAY with a code that nobody knows',
      send: [f.goaway(0xff)],
      expect: [goesOn, { kind: 'closed' }],
    },
    {
      says: 'RST_STREAM with a code that nobody knows',
      send: [post(1, late), f.reset(1, 0xff)],
      expect: [goesOn],
    },
  ]),
];
