"""The lane's kubelet for pods that run a service of this repository; kwok simulates all other pods."""
