/** The pages of those who are logged in, besides home and the room, which are loaded together. */

export { NewRoomPage } from "./new-room";
export { ProfilePage } from "./profile";
