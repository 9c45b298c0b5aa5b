import { addonReady } from '../../src/platform/index.js';

// Some tests call the addon before any model is opened.
await addonReady();
