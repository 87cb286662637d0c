/** Which addresses may connect to a listener: single ones and CIDR ranges (RFC 4632, RFC 4291 §2.3). */
import { BlockList, isIP, isIPv4 } from 'node:net';
import { DuctusError } from '../../domain/errors';

/**
 * @param ranges as in `10.1.2.3`, `10.1.0.0/16`, `fd00::/8`; undefined: any address may connect
 * @returns tells whether an address may connect
 * @throws DuctusError DUCTUS_CONFIG_INVALID for what is no address or range
 */
export function allowedAddresses(
  ranges: readonly string[] | undefined,
  listener: string,
): (address: string | undefined) => boolean {
  if (ranges === undefined) return () => true;
  const list = new BlockList();
  for (const range of ranges) add(list, range, listener);
  return (address) => {
    if (address === undefined) return false;
    const plain = withoutMapping(address);
    return list.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
  };
}

function add(list: BlockList, range: string, listener: string): void {
  const [, address = '', prefix] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(range.trim()) ?? [];
  const version = isIP(address);
  const bits = prefix === undefined ? undefined : Number(prefix);
  if (version === 0 || (bits !== undefined && bits > (version === 4 ? 32 : 128))) {
    throw new DuctusError(
      'DUCTUS_CONFIG_INVALID',
      `allowedAddresses of the listener ${listener} has an entry that is no IP address or CIDR range.`,
    );
  }
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, bits, family);
}

/** A listener on `::` shows IPv4 peers as `::ffff:10.1.2.3` (RFC 4291 §2.5.5.2). */
function withoutMapping(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
