import type { ResolvedPreprocessing } from './resolved.js';

/** What is done to images, in one line: `shorter edge to 256 (bilinear), centre 224 x 224, RGB, /255, mean 0.485 0.456 0.406, ...`. */
export function describeImages(to: ResolvedPreprocessing): string {
  const { spec, size, layout, type, from, mean, std } = to;
  const parts = [geometryWords(to), spec.channels, scaleWords(spec.scale)];
  if (mean.some((value) => value !== 0)) parts.push(`mean ${numbers(mean)}`);
  if (std.some((value) => value !== 1)) parts.push(`std ${numbers(std)}`);
  const shape = layout === 'NCHW' ? [mean.length, ...size] : [...size, mean.length];
  return `${from}: ${parts.join(', ')}; ${layout} ${type} [${shape.join(', ')}]`;
}

function geometryWords({ spec, size }: ResolvedPreprocessing): string {
  const [height, width] = size;
  const seen = `${width} x ${height}`;
  const filter = spec.antialias ? spec.filter : `${spec.filter} without antialias`;
  const { resizeTo } = spec;
  const edges = typeof resizeTo === 'number' ? `${resizeTo}` : resizeTo?.toReversed().join(' x ');
  switch (spec.resize) {
    case 'none':
      return `centre ${seen}`;
    case 'letterbox':
      return `letterboxed in ${seen} (${filter}, ${spec.fill === 'mean' ? 'zeros' : `grey ${spec.fill}`})`;
    case 'stretch':
      return edges === undefined || edges === seen
        ? `stretched to ${seen} (${filter})`
        : `stretched to ${edges} (${filter}), centre ${seen}`;
    default:
      return `shorter edge to ${edges ?? Math.min(height, width)} (${filter}), centre ${seen}`;
  }
}

function scaleWords(scale: number): string {
  if (scale === 1) return '0..255';
  const parts = 1 / scale;
  return Math.abs(parts - Math.round(parts)) < 1e-9
    ? `/${Math.round(parts)}`
    : `times ${Number(scale.toPrecision(4))}`;
}

const numbers = (values: readonly number[]): string =>
  (values.every((value) => value === values[0]) ? values.slice(0, 1) : values)
    .map((value) => Number(value.toPrecision(4)))
    .join(' ');
