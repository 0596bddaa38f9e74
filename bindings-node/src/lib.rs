//! Voice Agent for Node: the native part. It converts and nothing else; what people use is the TypeScript in `lib`.

mod agent;
mod border;
mod call;
mod errors;
mod seam;
mod session;
mod stages;
