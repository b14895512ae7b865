import { computed, signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

/** The page's address without the fragment. */
const address = signal(location.pathname + location.search);

export const path = computed(() => address.value.split('?')[0] ?? '/');
// Only the first question mark starts the parameters; a question in a typed address may contain others.
export const params = computed(() => new URLSearchParams(/\?(.*)/s.exec(address.value)?.[1] ?? ''));

addEventListener('popstate', () => {
  address.value = location.pathname + location.search;
});

export function goTo(href: string): void {
  if (href === address.value) return;
  history.pushState(null, '', href);
  address.value = href;
  scrollTo(0, 0);
}

/** Changes parameters of the current address; undefined or empty removes one. The change adds no entry to the browser's history. */
export function setParams(changes: Readonly<Record<string, string | undefined>>): void {
  const next = new URLSearchParams(params.value);
  for (const [name, value] of Object.entries(changes))
    if (value) next.set(name, value);
    else next.delete(name);
  const query = next.size > 0 ? `?${next}` : '';
  history.replaceState(null, '', path.value + query);
  address.value = path.value + query;
}

/** The open memory; undefined for the memory that the page was started with. */
export const group = computed(() => params.value.get('memory') ?? undefined);

/** The address of a screen in the same memory. */
export function hrefOf(screen: string, more: Readonly<Record<string, string | undefined>> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ memory: group.value, ...more })) if (value) query.set(name, value);
  return query.size > 0 ? `${screen}?${query}` : screen;
}

export function Link(props: {
  href: string;
  class?: string;
  title?: string;
  'aria-label'?: string;
  'aria-current'?: 'page' | undefined;
  children: ComponentChildren;
}) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    goTo(props.href);
  };
  // biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents lint/a11y/useValidAnchor: `href` is among the properties
  return <a {...props} onClick={follow} />;
}
