import type { Stability } from '../options/types.js';
import { decimal, percent } from './numbers.js';

/** How much of the choice would be the same on other samples, in one line. */
export const stabilityReport = ({ samples, jaccard, same, chance }: Stability): string =>
  `stability  planned on either half of the samples (${samples.join(' and ')}): the same for ${percent(same)} of the lanes, ${percent(chance)} by chance; kept lanes overlap by ${decimal(jaccard)} (Jaccard, mean of the groups)`;
