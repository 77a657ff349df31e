// Package check tries everything that `octail run` needs and says, finding by
// finding, what to do about it.
//
// # Usage
//
// Run is `octail check`: all checks. Essential is the part of it that the agent
// does before it starts: what would make it useless or its documents wrong.
// Timezone, Defaults and the checks of pinned values are the same code that the
// agent goes by.
//
// # Promises
//
// Nothing is changed anywhere, apart from a file that is made and removed in the
// journal's directory, or above it where that is still to be made. Grants are not
// read but used, the replication stream included: it is opened for a moment under a
// random server id, so that a running agent is not disturbed. What could not be tried is listed with the reason
// (Report.LeftOut); nothing is guessed. No password is in any message.
//
// A Remedy is SQL for the server's administrator, lines for a file or commands,
// ready to be pasted: whatever else it says stands in comments.
package check
