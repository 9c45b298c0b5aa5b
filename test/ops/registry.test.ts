import { expect, test } from 'vitest';
import { rows } from '../../src/ops/registry.js';

const byOperator = new Map<string, (typeof rows)[number][]>();
for (const row of rows) {
  const key = `${row.domain}:${row.op}`;
  byOperator.set(key, [...(byOperator.get(key) ?? []), row]);
}

test('the opsets of an operator neither overlap nor leave a gap', () => {
  for (const [operator, own] of byOperator) {
    const ranges = own.map((row) => row.opsets).sort(([a], [b]) => a - b);
    for (const [i, [first, last]] of ranges.entries()) {
      expect(first, operator).toBeLessThanOrEqual(last);
      if (i > 0) expect(first, `${operator} from ${first}`).toBe(ranges[i - 1]![1] + 1);
    }
  }
});

test('every rule says what it does and when lanes stay exact', () => {
  for (const { op, rule } of rows) {
    expect(rule.says, op).not.toBe('');
    expect(rule.exact, op).not.toBe('');
  }
});
