import type { LatencyPrediction } from '../options/types.js';
import { milliseconds, percent } from './numbers.js';

/** What was predicted, and from what, in one line. */
export function latencyReport({ originalMs, predictedMs, ratio, layers }: LatencyPrediction): string {
  const { measured, estimated } = layers;
  const rest = estimated === 0 ? '' : `, ${estimated} estimated by their multiply-adds`;
  return `predicted latency  ${milliseconds(predictedMs)} of ${milliseconds(originalMs)}, ${percent(ratio)}: from ${measured} layers measured on this machine${rest}`;
}
