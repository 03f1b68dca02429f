import type { SelectHTMLAttributes } from 'react';
import { Icon } from './Icon.tsx';

/** The browser's own list of choices, in the page's clothes. */
export function Select({ className, ...props }: SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <span className={className ? `select ${className}` : 'select'}>
      <select {...props} />
      <Icon name="down" size={18} />
    </span>
  );
}
