import type { ReactNode } from "react";

function drawing(children: ReactNode) {
  return (
    <svg
      aria-hidden="true"
      width="20"
      height="20"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {children}
    </svg>
  );
}

export const BackgroundIcon = () =>
  drawing(
    <>
      <rect x="3" y="4" width="18" height="16" rx="3" />
      <circle cx="12" cy="10.500" r="2.800" />
      <path d="M6.500 20c.6-3.200 2.700-5 5.500-5s4.900 1.800 5.500 5" />
    </>,
  );

export const NoBackgroundIcon = () =>
  drawing(
    <>
      <circle cx="12" cy="12" r="8.500" />
      <path d="m6 6 12 12" />
    </>,
  );

export const BlurIcon = () =>
  drawing(
    <path
      strokeWidth="2.200"
      d="M12 4v0M7 6.500v0M17 6.500v0M4.500 12v0M19.500 12v0M7 17.500v0M17 17.500v0M12 20v0M12 9v0M12 15v0M9 12v0M15 12v0M12 12v0"
    />,
  );
