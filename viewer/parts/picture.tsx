import type { ComponentChildren } from 'preact';

/**
 * A drawing of so many pixels that becomes narrower where it must. `label` says what it shows; where parts of it can be used
 * (`isUsed`), it is a group of these, else an image.
 */
export function Picture({
  width,
  height,
  label,
  isUsed = false,
  children,
}: {
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly isUsed?: boolean;
  readonly children: ComponentChildren;
}) {
  return (
    <svg
      data-picture=""
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role={isUsed ? 'group' : 'img'}
      aria-label={label}
    >
      {children}
    </svg>
  );
}

/** Patterns that all pictures of the page are painted with. */
export function Patterns() {
  return (
    <svg id="patterns" width="0" height="0" aria-hidden="true">
      <defs>
        <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect class="hatch-ground" width="6" height="6" />
          <rect class="hatch-line" width="2" height="6" />
        </pattern>
      </defs>
    </svg>
  );
}
