import { text } from '../base/errors.js';

/** What to do where samples are needed. */
export const GIVE_DATA = text`Give ${{ api: 'data: a path, or arrays by the names of the inputs', cli: '--data FILE: an .npz, or a folder of .npy files, with arrays named as the inputs' }}.`;
