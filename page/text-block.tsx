/** A stored text in a box that scrolls, also with the keyboard. */
export const TextBlock = ({ label, text, class: name }: { label: string; text: string; class: 'content' | 'told' }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls needs the focus to scroll with the keyboard
  <section class={name} tabIndex={0} aria-label={label}>
    <pre>{text}</pre>
  </section>
);
