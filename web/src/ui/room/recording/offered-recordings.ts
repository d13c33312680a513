export { loadCallTexts } from "../../../texts/call-texts";
export { KeptRecordings as OfferedRecordings } from "./kept-recordings";
