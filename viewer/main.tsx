import { render } from 'preact';
import type { ReportData } from '../dist/types/findings/types.js';
import { App } from './app.js';

const data = JSON.parse(document.getElementById('data')!.textContent!) as ReportData;
const root = document.getElementById('report')!;
root.replaceChildren();
render(<App data={data} />, root);
