import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { goTo, hrefOf } from './route.tsx';

/** The screens, with the letter that opens each after `g`. */
export const SCREENS = [
  { path: '/now', name: 'Now', letter: 'n' },
  { path: '/ask', name: 'Ask', letter: 'a' },
  { path: '/timeline', name: 'Timeline', letter: 't' },
  { path: '/entities', name: 'Entities', letter: 'e' },
  { path: '/episodes', name: 'Episodes', letter: 'p' },
  { path: '/sessions', name: 'Sessions', letter: 's' },
  { path: '/queue', name: 'Queue', letter: 'q' },
  { path: '/archives', name: 'Archives', letter: 'r' },
  { path: '/memories', name: 'Memories', letter: 'm' },
] as const;

export const isHelpOpen = signal(false);
let isAfterG = false;

/** `/` for the question, `g` and a letter for a screen, `j` and `k` for rows, `?` for help. Keys typed into a field keep their usual meaning. */
export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') (document.activeElement as HTMLElement | null)?.blur();
    if (event.target instanceof HTMLElement && event.target.closest('input, select, textarea, dialog')) return;
    const screen = isAfterG ? SCREENS.find(({ letter }) => letter === event.key) : undefined;
    isAfterG = event.key === 'g';
    if (screen) goTo(hrefOf(screen.path));
    else if (event.key === '/') focusSearch();
    else if (event.key === '?') isHelpOpen.value = true;
    else if (event.key === 'j') focusRow(1);
    else if (event.key === 'k') focusRow(-1);
    else return;
    event.preventDefault();
  });
}

function focusSearch(): void {
  const field = document.querySelector<HTMLInputElement>('main input[type=search]');
  if (field) {
    field.select();
    return;
  }
  goTo(hrefOf('/ask'));
  requestAnimationFrame(() => document.querySelector<HTMLInputElement>('#question')?.focus());
}

/** Focuses the first link, summary or button of the next row. */
function focusRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('main .row')];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step))];
  next?.querySelector<HTMLElement>('a, summary, button')?.focus();
}

export function KeyHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isHelpOpen.value) dialog.current?.showModal();
  }, [isHelpOpen.value]);
  if (!isHelpOpen.value) return null;
  const keys = [
    ['/', 'search'],
    ...SCREENS.map(({ name, letter }) => [`g ${letter}`, name]),
    ['j k', 'next and previous row'],
    ['Enter', 'open'],
    ['?', 'this help'],
  ];
  return (
    <dialog ref={dialog} aria-labelledby="keys" onClose={() => (isHelpOpen.value = false)}>
      <h2 id="keys">Keys</h2>
      <dl>
        {keys.map(([key = '', meaning]) => (
          <div key={key}>
            <dt>
              {key.split(' ').map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}
