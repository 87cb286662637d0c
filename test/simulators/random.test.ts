import { draw, drawUuid, RandomStream } from '../../simulators/random';

describe('randomness by seed', () => {
  it('should draw the same for the same seed and keys, and other numbers for others', () => {
    expect(draw(1, 'a', 2)).toBe(draw(1, 'a', 2));
    const drawn = [draw(1, 'a', 2), draw(2, 'a', 2), draw(1, 'b', 2), draw(1, 'a', 3), draw(1, 'a2')];
    expect(new Set(drawn).size).toBe(drawn.length);
  });

  it('should draw evenly between 0 and 1', () => {
    const drawn = Array.from({ length: 2000 }, (_, index) => draw(1, index));
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...drawn)).toBeLessThan(1);
    expect(drawn.filter((number) => number < 0.25).length / 2000).toBeCloseTo(0.25, 1);
  });

  it('should make UUIDs of version 4', () => {
    expect(drawUuid(1, 'a')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(drawUuid(1, 'a')).toBe(drawUuid(1, 'a'));
    expect(drawUuid(1, 'a')).not.toBe(drawUuid(1, 'b'));
  });

  it('should stream whole numbers within their bounds', () => {
    const stream = new RandomStream(3, 'test');
    const numbers = Array.from({ length: 1000 }, () => stream.integer(5, 9));
    expect(new Set(numbers)).toEqual(new Set([5, 6, 7, 8, 9]));
  });
});
