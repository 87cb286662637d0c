/**
 * Name look-up for `*.localhost`. An access-point ARN with a custom endpoint becomes the host
 * `<access point>-<account>.<endpoint host>`, and most resolvers know `localhost` only (RFC 6761 asks more of them).
 */
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** For the `lookup` option of sockets and agents: `localhost` and all below it are 127.0.0.1, the rest is asked of the system. */
export const lookupLocalhost: LookupFunction = (hostname, options, callback) => {
  if (hostname !== 'localhost' && !hostname.endsWith('.localhost')) {
    lookup(hostname, options, callback);
    return;
  }
  process.nextTick(() => {
    if (options.all === true) {
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
    } else {
      callback(null, '127.0.0.1', 4);
    }
  });
};
