/** What flags stand under in the help of a command that has many, in this order. */
export const HEADING = {
  amount: 'How much (one of them)',
  worth: 'What a lane is worth',
  where: 'What leaves where',
  samples: 'Samples',
  checking: 'Checking',
  writing: 'Writing',
} as const;
