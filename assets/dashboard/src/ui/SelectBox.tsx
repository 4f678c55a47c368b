interface SelectBoxProps {
  label: string;
  checked: boolean;
  /** Of a box for many rows: some of them are chosen. */
  some?: boolean;
  onChange: () => void;
}

/** The box that chooses a row, or all rows; what is around it makes it large enough to hit. */
export function SelectBox({ label, checked, some = false, onChange }: SelectBoxProps) {
  return (
    <label className="select-box">
      <input
        type="checkbox"
        aria-label={label}
        checked={checked}
        ref={(box) => {
          if (box) box.indeterminate = some && !checked;
        }}
        onChange={onChange}
      />
    </label>
  );
}
