/** What a picture looks like follows from the page's style sheet: a file of its own must hold it itself. */
const STYLES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-opacity',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'dominant-baseline',
  'paint-order',
];

const SCALE = 2;
const SPACE = 'http://www.w3.org/2000/svg';

/** Saves a picture as it is seen now: as SVG, or as PNG with twice as many pixels. */
export async function savePicture(svg: SVGSVGElement, name: string, form: 'svg' | 'png'): Promise<void> {
  const text = standalone(svg);
  const { width, height } = svg.viewBox.baseVal;
  const blob =
    form === 'svg' ? new Blob([text], { type: 'image/svg+xml' }) : await painted(text, width, height);
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = `${name}.${form}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** The picture as a file: styles written out, patterns taken along, on the page's background. */
function standalone(svg: SVGSVGElement): string {
  const copy = styledCopy(svg);
  copy.prepend(styledCopy(document.querySelector('#patterns defs')!));
  const { width, height } = svg.viewBox.baseVal;
  copy.setAttribute('xmlns', SPACE);
  copy.setAttribute('width', `${width}`);
  copy.setAttribute('height', `${height}`);
  const ground = document.createElementNS(SPACE, 'rect');
  ground.setAttribute('width', '100%');
  ground.setAttribute('height', '100%');
  ground.setAttribute('fill', getComputedStyle(document.body).backgroundColor);
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}

/** A copy of an element and all in it, with the styles that it is seen in. */
function styledCopy<T extends Element>(element: T): T {
  const copy = element.cloneNode(true) as T;
  const [own, theirs] = [element, copy].map((from) => [from, ...from.querySelectorAll('*')]) as [
    Element[],
    Element[],
  ];
  for (const [index, source] of own.entries()) {
    const style = getComputedStyle(source);
    const target = theirs[index]!;
    for (const name of STYLES) target.setAttribute(name, style.getPropertyValue(name));
    for (const name of ['class', 'tabindex', 'role']) target.removeAttribute(name);
  }
  return copy;
}

async function painted(text: string, width: number, height: number): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = width * SCALE;
  canvas.height = height * SCALE;
  const context = canvas.getContext('2d')!;
  context.scale(SCALE, SCALE);
  context.drawImage(image, 0, 0, width, height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) =>
      blob ? resolve(blob) : reject(new Error('the picture is too large to be saved as PNG')),
    ),
  );
}
