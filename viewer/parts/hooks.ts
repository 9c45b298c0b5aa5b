import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** The width that a picture has, in pixels, so that its letters are as large as those around it on any screen. */
export function useWidth<T extends HTMLElement>(first = 800): readonly [RefObject<T | null>, number] {
  const own = useRef<T>(null);
  const [width, setWidth] = useState(first);
  useLayoutEffect(() => {
    const element = own.current;
    if (element === null) return;
    const measure = (): void => {
      const now = Math.floor(element.clientWidth);
      // On paper the picture is scaled as it is.
      if (now > 0 && !matchMedia('print').matches) setWidth(now);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [own, width];
}

/** Whether something has come near what is seen: what takes time to draw is drawn then. Printing draws all. */
export function useNear<T extends HTMLElement>(): readonly [RefObject<T | null>, boolean] {
  const own = useRef<T>(null);
  const [near, setNear] = useState(false);
  useLayoutEffect(() => {
    const element = own.current;
    if (element === null || near) return;
    const show = (): void => setNear(true);
    const observer = new IntersectionObserver(
      (seen) => seen.some(({ isIntersecting }) => isIntersecting) && show(),
      {
        rootMargin: '400px',
      },
    );
    observer.observe(element);
    addEventListener('beforeprint', show);
    return () => {
      observer.disconnect();
      removeEventListener('beforeprint', show);
    };
  }, [near]);
  return [own, near];
}

/** What a key does to a part of a drawing that acts as a button. */
export const onPress =
  (act: () => void) =>
  (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    act();
  };
