/**
 * Whether a unit is UCUM, as far as clinical data need it: units with prefixes, exponents, products, quotients and
 * annotations. Not the whole of UCUM, so a unit that is not known is worth a look and not an error.
 */

/** Units that take a metric prefix (ucum.org, "metric"). */
const METRIC = String.raw`m\[Hg\]|m\[H2O\]|\[iU\]|\[IU\]|mol|bar|cal|kat|osm|eq|Cel|Hz|Pa|lm|lx|Bq|Gy|Sv|[glLmsKAVWJNUCFSTHt]|cd|rad|eV`;
const PREFIX = String.raw`(?:da|[YZEPTGMkhdcmunpfazy])`;
/** Units that do not. */
const OTHER = String.raw`%|\[pH\]|\[ppm\]|\[ppb\]|\[ppth\]|\[in_i\]|\[ft_i\]|\[yd_i\]|\[mi_i\]|\[lb_av\]|\[oz_av\]|\[degF\]|\[arb'U\]|\[Cal\]|min|h|d|wk|mo|a|deg|10[*^]-?\d+|1`;

const TERM = new RegExp(`^(?:${PREFIX}?(?:${METRIC})|${OTHER}|\\d+)(?:[+-]?\\d+)?$`);

/** True for a UCUM code that is known here, as in `mg/dL`, `[iU]/h`, `10*3/uL`, `{count}`. */
export function isKnownUcum(unit: string): boolean {
  if (unit === '' || /\s/.test(unit)) return false;
  const bare = unit.replace(/\{[!-z|~]*\}/g, '');
  // An annotation alone stands for the number 1.
  if (bare === '') return true;
  const terms = bare.replace(/^\//, '').split(/[./]/);
  return terms.every((term, position) => TERM.test(term) || (term === '' && position > 0 && bare.length < unit.length));
}
