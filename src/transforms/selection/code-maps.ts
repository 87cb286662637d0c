/** Code maps: the destination's code goes first, the sender's codes stay behind it. */
import type { Content } from '../model/item';
import type { CodeMapping } from '../model/profile';
import type { Code } from '../model/reading';

/** Rows for one code, by unit; under `''` the row for any unit. */
type Rows = ReadonlyMap<string, Code>;

/** Finds rows by system and code in one look-up, however long the maps are. */
export class CodeMaps {
  readonly #rows = new Map<string, Rows>();

  /** @param mappings later rows win over earlier ones for the same code and unit */
  constructor(mappings: readonly CodeMapping[]) {
    const rows = new Map<string, Map<string, Code>>();
    for (const { from, unit = '', to } of mappings) {
      const key = keyOf(from);
      const known = rows.get(key);
      if (known === undefined) rows.set(key, new Map([[unit, to]]));
      else known.set(unit, to);
    }
    this.#rows = rows;
  }

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  /**
   * The codes with the mapped one first; the same array when no row fits. The first code that has a row decides, and
   * a row for the unit goes before one for any unit.
   */
  apply(codes: readonly Code[], unit: string | undefined): readonly Code[] {
    for (const code of codes) {
      const rows = this.#rows.get(keyOf(code));
      const to = rows?.get(unit ?? '') ?? rows?.get('');
      if (to === undefined) continue;
      return [to, ...codes.filter((each) => each.system !== to.system || each.code !== to.code)];
    }
    return codes;
  }

  /** The same content when no row fits. */
  inContent(content: Content): Content {
    switch (content.kind) {
      case 'reading': {
        const { reading } = content;
        const codes = this.apply(reading.codes, reading.unit);
        return codes === reading.codes ? content : { kind: 'reading', reading: { ...reading, codes } };
      }
      case 'device': {
        const { device } = content;
        const type = this.apply(device.type, undefined);
        const metrics = device.metrics.map((metric) => ({ ...metric, type: this.apply(metric.type, metric.unit) }));
        return { kind: 'device', device: { ...device, type, metrics } };
      }
      case 'report': {
        const { report } = content;
        const [type, ...others] = this.apply([report.type], undefined);
        if (type === undefined || type === report.type) return content;
        return { kind: 'report', report: { ...report, type, otherTypes: others } };
      }
      case 'carried':
        return content;
    }
  }
}

function keyOf({ system, code }: { readonly system: string | undefined; readonly code: string }): string {
  return `${system ?? ''}\u0000${code}`;
}
