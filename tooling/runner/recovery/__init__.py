"""What a run that ended in the middle leaves behind, and how the next one fixes it.

The engine writes down that it is about to create something before it asks for it. If it is killed then, the object may
exist although no state holds it: the next `up` would make a second one, or fail on the first one's name. The same
happens, unrecorded, when the plug-in or the service dies before it has answered. Both are looked for by what the
program had asked for, and taken into the state, or forgotten where nothing was made.
"""
