import { useEffect, useRef } from 'preact/hooks';

/**
 * A day, shown and typed as the browser shows dates in the user's language, with its calendar. The value is `YYYY-MM-DD`, as in addresses.
 * @param props.onPick gets an empty text for a cleared field
 */
export function DateField(props: {
  label: string;
  value: string;
  /** True: the field has the focus once it is shown. */
  isFocused?: boolean;
  onPick: (day: string) => void;
}) {
  const { label, value, isFocused = false, onPick } = props;
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isFocused) field.current?.focus();
  }, []);
  return (
    <label>
      {label}
      <input
        type="date"
        ref={field}
        value={value}
        max="9999-12-31"
        onChange={({ currentTarget: { value: day } }) => {
          // While a year is typed, each digit makes another date: 0002, 0020, 0202.
          if (!day.startsWith('0')) onPick(day);
        }}
      />
    </label>
  );
}
