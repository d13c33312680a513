import type { ReactNode } from "react";

interface IconProps {
  size?: number;
}

/** Of the class `pointing` are drawings that point along the line of writing: they are mirrored with it. */
function drawing(children: ReactNode, size = 20, className?: string) {
  return (
    <svg
      aria-hidden="true"
      className={className}
      width={size}
      height={size}
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

const slash = <path d="m4 4 16 16" />;
const microphone = (
  <>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5.500 11.500a6.500 6.500 0 0 0 13 0M12 18v3" />
  </>
);
const camera = (
  <>
    <rect x="3" y="6" width="12.500" height="12" rx="3" />
    <path d="m15.500 11 5.500-3.200v8.400L15.500 13" />
  </>
);

export const MicrophoneIcon = ({ size }: IconProps) => drawing(microphone, size);
export const MicrophoneOffIcon = ({ size }: IconProps) =>
  drawing(
    <>
      {microphone}
      {slash}
    </>,
    size,
  );
export const CameraIcon = ({ size }: IconProps) => drawing(camera, size);
export const CameraOffIcon = ({ size }: IconProps) =>
  drawing(
    <>
      {camera}
      {slash}
    </>,
    size,
  );
export const RecordIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <circle cx="12" cy="12" r="9" />
      <circle cx="12" cy="12" r="4" fill="currentColor" />
    </>,
    size,
  );
export const LanguageIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M3 12h18M12 3c2.500 2.600 3.800 5.600 3.800 9s-1.300 6.400-3.800 9c-2.500-2.600-3.800-5.600-3.800-9S9.500 5.600 12 3z" />
    </>,
    size,
  );
export const ScreenIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <rect x="3" y="4.500" width="18" height="12" rx="2.500" />
      <path d="M8.500 20h7M12 13.500v-5.500M9.500 10 12 7.500l2.500 2.500" />
    </>,
    size,
  );
export const SwitchCameraIcon = ({ size }: IconProps) =>
  drawing(
    <path d="M20 11a8 8 0 0 0-14.500-3.500L4 9.500M4 5v4.500h4.500M4 13a8 8 0 0 0 14.500 3.500l1.500-2M20 19v-4.500h-4.500" />,
    size,
  );
export const FullscreenIcon = ({ size }: IconProps) =>
  drawing(
    <path d="M4 9V5a1 1 0 0 1 1-1h4M15 4h4a1 1 0 0 1 1 1v4M20 15v4a1 1 0 0 1-1 1h-4M9 20H5a1 1 0 0 1-1-1v-4" />,
    size,
  );
export const FullscreenExitIcon = ({ size }: IconProps) =>
  drawing(
    <path d="M9 4v4a1 1 0 0 1-1 1H4M20 9h-4a1 1 0 0 1-1-1V4M15 20v-4a1 1 0 0 1 1-1h4M4 15h4a1 1 0 0 1 1 1v4" />,
    size,
  );
export const LayoutIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <rect x="3.500" y="4" width="7" height="7" rx="1.800" />
      <rect x="13.500" y="4" width="7" height="7" rx="1.800" />
      <rect x="3.500" y="13.500" width="7" height="7" rx="1.800" />
      <rect x="13.500" y="13.500" width="7" height="7" rx="1.800" />
    </>,
    size,
  );
export const PinIcon = ({ size }: IconProps) =>
  drawing(<path d="M9 3.500h6l-.800 6 3.300 3.500v2h-11v-2l3.300-3.500-.800-6ZM12 15v6" />, size);
export const MoveIcon = ({ size }: IconProps) =>
  drawing(
    <path d="M12 3v18M3 12h18M9.500 5.500 12 3l2.500 2.500M9.500 18.500 12 21l2.500-2.500M5.500 9.500 3 12l2.500 2.500M18.500 9.500 21 12l-2.500 2.500" />,
    size,
  );
export const LeaveIcon = ({ size }: IconProps) =>
  drawing(
    <path d="M3.500 14.800c-.8-1.600-.6-3 .6-3.900 4.600-3.300 11.200-3.300 15.800 0 1.200.9 1.400 2.300.6 3.900-.3.600-1 .9-1.700.7l-3-.9c-.6-.2-1-.7-1-1.300v-1.600a12 12 0 0 0-5.600 0v1.600c0 .6-.4 1.100-1 1.300l-3 .9c-.7.2-1.400-.1-1.700-.7Z" />,
    size,
  );
export const ChatIcon = ({ size }: IconProps) =>
  drawing(
    <path d="M20.500 11.500a8 8 0 0 1-8.300 7.700c-1.300 0-2.500-.3-3.600-.8L4 19.500l1.200-3.900a7.300 7.300 0 0 1-1.300-4.100 8 8 0 0 1 8.300-7.700 8 8 0 0 1 8.300 7.700Z" />,
    size,
  );
export const PeopleIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <circle cx="9" cy="8.500" r="3.500" />
      <path d="M2.500 19.500c.4-3.500 3-5.500 6.500-5.500s6.100 2 6.500 5.500M15.500 5.300a3.500 3.500 0 0 1 0 6.400M18 14.400c2 .7 3.200 2.500 3.500 5.100" />
    </>,
    size,
  );
export const InviteIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <circle cx="10" cy="8.500" r="3.500" />
      <path d="M3.500 19.500c.4-3.500 3-5.500 6.500-5.500 1.300 0 2.500.3 3.500.8M18.500 13.500v6M15.500 16.500h6" />
    </>,
    size,
  );
export const PersonIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <circle cx="12" cy="8.500" r="3.800" />
      <path d="M4.500 20c.6-3.700 3.500-5.800 7.500-5.800s6.900 2.100 7.500 5.800" />
    </>,
    size,
  );
export const LinkIcon = ({ size }: IconProps) =>
  drawing(
    <path d="M10 14a4.200 4.200 0 0 0 6 0l3-3a4.200 4.200 0 0 0-6-6l-1 1M14 10a4.200 4.200 0 0 0-6 0l-3 3a4.200 4.200 0 0 0 6 6l1-1" />,
    size,
  );
export const CloseIcon = ({ size }: IconProps) => drawing(<path d="m6 6 12 12M18 6 6 18" />, size);
export const CheckIcon = ({ size }: IconProps) =>
  drawing(<path d="m5 12.500 4.500 4.500L19 7.500" />, size);
export const SkipIcon = ({ size }: IconProps) => drawing(<path d="M6 12h12" />, size);
export const PlusIcon = ({ size }: IconProps) => drawing(<path d="M12 5v14M5 12h14" />, size);
export const SearchIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <circle cx="11" cy="11" r="6.500" />
      <path d="m20 20-4.300-4.300" />
    </>,
    size,
  );
export const ReplyIcon = ({ size }: IconProps) =>
  drawing(<path d="M10 5 4 11l6 6M4 11h9a7 7 0 0 1 7 7v1" />, size, "pointing");
export const AttachIcon = ({ size }: IconProps) =>
  drawing(
    <path d="m20 11.500-8 8a5 5 0 0 1-7-7l8.500-8.500a3.300 3.300 0 0 1 4.700 4.700L9.800 17a1.700 1.700 0 0 1-2.400-2.400l7.600-7.600" />,
    size,
  );
export const BellIcon = ({ size }: IconProps) =>
  drawing(<path d="M6 16V11a6 6 0 0 1 12 0v5l1.500 2h-15zM10 21h4" />, size);
export const SendIcon = ({ size }: IconProps) =>
  drawing(<path d="M4.500 12 3.500 4.500 21 12 3.500 19.500 4.500 12Zm0 0H12" />, size, "pointing");
export const ChevronIcon = ({ size }: IconProps) => drawing(<path d="m7 10 5 5 5-5" />, size);
export const LockIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <rect x="5" y="10.500" width="14" height="10" rx="2.500" />
      <path d="M8 10.500V8a4 4 0 0 1 8 0v2.500" />
    </>,
    size,
  );
export const EventIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <rect x="3.500" y="5" width="17" height="15.500" rx="2.500" />
      <path d="M3.500 10h17M8 3v4M16 3v4" />
    </>,
    size,
  );
export const MailIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <rect x="3" y="5" width="18" height="14" rx="2.500" />
      <path d="m3.500 7.500 8.500 6 8.500-6" />
    </>,
    size,
  );
export const AlertIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <path d="M12 4 2.800 20h18.400L12 4Z" />
      <path d="M12 10v4.500M12 17.300v.1" />
    </>,
    size,
  );
export const InfoIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <circle cx="12" cy="12" r="8.500" />
      <path d="M12 11v5M12 8v.1" />
    </>,
    size,
  );
export const ClockIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <circle cx="12" cy="12" r="8.500" />
      <path d="M12 7v5l3 2" />
    </>,
    size,
  );
export const EyeIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <path d="M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12Z" />
      <circle cx="12" cy="12" r="2.800" />
    </>,
    size,
  );
export const EyeOffIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <path d="M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12Z" />
      {slash}
    </>,
    size,
  );
export const ListIcon = ({ size }: IconProps) =>
  drawing(
    <path d="M9 6h11M9 12h11M9 18h11M4.500 6h.1M4.500 12h.1M4.500 18h.1" />,
    size,
    "pointing",
  );
export const HandIcon = ({ size }: IconProps) =>
  drawing(
    <path d="M7.500 12.500V6.200a1.500 1.500 0 0 1 3 0v5M10.500 10.500V4.500a1.500 1.500 0 0 1 3 0v6M13.500 10.500V5.700a1.500 1.500 0 0 1 3 0v6M16.500 11.500V8.700a1.500 1.500 0 0 1 3 0v6.300a6 6 0 0 1-6 6h-1.200a6 6 0 0 1-4.900-2.500L4.300 14.200a1.500 1.500 0 0 1 2.300-1.900l.9 1" />,
    size,
  );
export const SettingsIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <path d="M4 7h9M19 7h1M4 17h1M11 17h9" />
      <circle cx="16" cy="7" r="2.500" />
      <circle cx="8" cy="17" r="2.500" />
    </>,
    size,
  );
export const SpeakerIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <path d="M4 9.500v5h3.500L12 18.500v-13L7.500 9.500z" />
      <path d="M15.500 9a4.200 4.200 0 0 1 0 6M18 6.500a7.800 7.800 0 0 1 0 11" />
    </>,
    size,
    "pointing",
  );
export const MoreIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <circle cx="5" cy="12" r="1.200" fill="currentColor" />
      <circle cx="12" cy="12" r="1.200" fill="currentColor" />
      <circle cx="19" cy="12" r="1.200" fill="currentColor" />
    </>,
    size,
  );
export const KeyboardIcon = ({ size }: IconProps) =>
  drawing(
    <>
      <rect x="2.500" y="6" width="19" height="12" rx="2.500" />
      <path d="M6.500 10h.1M10.200 10h.1M13.800 10h.1M17.500 10h.1M8 14h8" />
    </>,
    size,
  );
/** Three bars that rise, of which so many are filled. */
export const SignalIcon = ({ size = 15, bars }: IconProps & { bars: 1 | 2 | 3 }) => (
  <svg aria-hidden="true" width={size} height={size} viewBox="0 0 24 24">
    {[1, 2, 3].map((bar) => (
      <rect
        key={bar}
        x={bar * 7.5 - 5}
        y={21 - bar * 6}
        width="5"
        height={bar * 6}
        rx="1.5"
        fill="currentColor"
        opacity={bar <= bars ? 1 : 0.35}
      />
    ))}
  </svg>
);
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="0 0 32 32" className="logo">
      <rect width="32" height="32" rx="9" className="logo-ground" />
      <path
        d="M10 25V8.500A1.500 1.500 0 0 1 11.500 7h5.750a6.250 6.250 0 0 1 0 12.500H14"
        className="logo-line"
      />
      <circle cx="17.300" cy="13.250" r="1.900" className="logo-light" />
    </svg>
  );
}
